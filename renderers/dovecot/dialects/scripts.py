"""Sieve: places of scripts, extensions and limits of 2.3's plugin settings (doc.dovecot.org, "Sieve")."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from renderers.dovecot.dialects.fates import Around, Rewrite, block
from renderers.dovecot.dialects.syntax import Line, written
from renderers.dovecot.dialects.values import expanded, words
from renderers.dovecot.dialects.variables import Untranslatable

_OPTIONS = {"active": "active_path", "bindir": "bin_path", "name": "name"}
_NUMBER = re.compile(r"imapsieve_mailbox([0-9]+)_(\w+)")


def personal(line: Line, _around: Around) -> list[str]:
    """`sieve = file:~/sieve;active=~/.dovecot.sieve`, or a script with `sieve_dir` beside it."""
    place, given = _place(line.value)
    if line.value.startswith("file:"):
        return block("sieve_script personal", "driver = file", f"path = {place}", *_set(given))
    folder = line.within.get("sieve_dir") if line.within else None
    uploads = _expanded(folder.value if folder else "~/sieve")
    return block("sieve_script personal", "driver = file", f"path = {uploads}", f"active_path = {place}")


def uploads(line: Line, _around: Around) -> list[str]:
    """`sieve_dir`: beside `sieve` it is in the block of that."""
    if line.within and line.within.get("sieve"):
        return []
    return block("sieve_script personal", f"path = {_place(line.value)[0]}")


def stage(kind: str) -> Rewrite:
    """`sieve_before2 = DIR`: a block named as the setting was, `before2`."""

    def write(line: Line, _around: Around) -> list[str]:
        place, given = _place(line.value)
        name = kind + re.sub(r"\D", "", line.name)
        return block(f"sieve_script {name}", f"type = {kind}", f"path = {place}", *_set(given))

    return write


def default_name(line: Line, _around: Around) -> list[str]:
    """`sieve_default_name`: how a person may call the default script."""
    return block("sieve_script default", "type = default", f"name = {written(line.value)}")


def per_header(*settings: str) -> Rewrite:
    """`sieve_editheader_forbid_add = X-A X-B`: a block for each header."""

    def write(line: Line, _around: Around) -> Iterator[str]:
        for header in words(line):
            yield from block(f"sieve_editheader_header {header}", *(f"{name} = yes" for name in settings))

    return write


def text_value(line: Line, _around: Around) -> list[str]:
    """`sieve_spamtest_text_value3 = text`."""
    name, number = re.fullmatch(r"(.*?)([0-9]+)", line.name).groups()  # type: ignore[union-attr]
    return block(name, f"{number} = {written(line.value)}")


def check_recipient(line: Line, _around: Around) -> list[str]:
    """`sieve_vacation_dont_check_recipient`, the other way round."""
    return [f"sieve_vacation_check_recipient = {'no' if line.value.lower() in ('yes', 'y', '1') else 'yes'}"]


def imapsieve(line: Line, _around: Around) -> list[str]:
    """`imapsieve_mailbox1_before`, with the name, origin and causes of the same number."""
    number, part = _NUMBER.fullmatch(line.name).groups()  # type: ignore[union-attr]
    if part not in ("before", "after"):
        return []
    given = {key: _sibling(line, number, key) for key in ("name", "from", "causes")}
    place, options = _place(line.value)
    when = " ".join(given["causes"].lower().replace(",", " ").split())
    causes = [f"cause = {when}"] if when else []
    script = block(
        f"sieve_script imapsieve{number}-{part}", f"type = {part}", *causes, f"path = {place}", *_set(options)
    )
    if given["name"] in ("", "*") and given["from"] not in ("", "*"):
        return block(f"imapsieve_from {_label(given['from'])}", *script)
    if given["from"] in ("", "*") and given["name"] not in ("", "*"):
        return block(f"mailbox {_label(given['name'])}", *script)
    cure = "write a `mailbox NAME` or an `imapsieve_from NAME` block around a sieve_script"
    raise Untranslatable("a script for a folder and an origin together has no one form in 2.4", cure)


def imapsieve_part(line: Line, around: Around) -> list[str]:
    """The other settings of a number, which stand in the block of its script."""
    number = _NUMBER.fullmatch(line.name)[1]  # type: ignore[index]
    if not (_sibling(line, number, "before") or _sibling(line, number, "after")):
        raise Untranslatable("nothing says which script is run", f"add imapsieve_mailbox{number}_before")
    return imapsieve(line, around)


def _sibling(line: Line, number: str, part: str) -> str:
    found = line.within.get(f"imapsieve_mailbox{number}_{part}") if line.within else None
    return found.value if found else ""


def _place(value: str) -> tuple[str, Mapping[str, str]]:
    place, *options = value.removeprefix("file:").split(";")
    if re.match(r"(ldap|dict):", place):
        raise Untranslatable(
            "scripts in a dictionary or directory are set in other settings", "see `sieve_script_driver`"
        )
    given = dict(option.partition("=")[::2] for option in options if option)
    for option in given:
        if option not in _OPTIONS:
            raise Untranslatable(
                f"the option {option} of a script's place has no setting in 2.4", "leave it out, if it may be"
            )
    return _expanded(place), given


def _set(given: Mapping[str, str]) -> Iterator[str]:
    for option, text in given.items():
        yield f"{_OPTIONS[option]} = {_expanded(text)}"


def _expanded(text: str) -> str:
    return written(expanded(text, "sieve_script_path"))


def _label(name: str) -> str:
    return f'"{name}"' if re.search(r"[^\w.-]", name) else name
