"""Quotas: roots, rules, warnings and grace of 2.3's quota plugin (doc.dovecot.org, "Quota Plugin")."""

from __future__ import annotations

import re
from collections.abc import Iterator

from renderers.dovecot.dialects.fates import Around, block
from renderers.dovecot.dialects.syntax import Line, written
from renderers.dovecot.dialects.values import expanded
from renderers.dovecot.dialects.variables import Untranslatable

ROOT = "User quota"
"""The root of our own configuration; rules and warnings of a file that names none belong to it."""
_DRIVERS = frozenset(["count", "maildir", "fs", "imapc"])
_OPTIONS = {
    "noenforcing": "quota_enforce = no",
    "hidden": "quota_hidden = yes",
    "ignoreunlimited": "quota_ignore_unlimited = yes",
}
_SIZE = re.compile(r"([0-9]+)\s*([bkmgt]?)(?:i?b)?", re.IGNORECASE)
_LIMIT = re.compile(r"(?P<under>-?)(?P<what>storage|messages)=(?P<percent>[0-9]+)%")
_NAMES = {"storage": "quota_storage_size", "messages": "quota_message_count"}


def root(line: Line, _around: Around) -> list[str]:
    """`quota = count:User quota`."""
    driver, _, rest = line.value.partition(":")
    name, *options = rest.split(":")
    if not line.value:
        raise Untranslatable(
            "an empty quota takes away the root of before", "leave it out, and `quota` out of mail_plugins"
        )
    if driver not in _DRIVERS:
        raise Untranslatable(f"2.4 has no quota driver {driver}", "write quota = count:User quota")
    unknown = [option for option in options if option not in _OPTIONS]
    if unknown:
        raise Untranslatable(
            f"{unknown[0]} of a quota root has no setting in 2.4", "leave it out, if it may be"
        )
    return block(_head(name), f"driver = {driver}", *(_OPTIONS[option] for option in options))


def rule(line: Line, _around: Around) -> Iterator[str]:
    """`quota_rule = *:storage=1G`, for all folders together."""
    return of_rule(line.value)


def of_rule(text: str) -> Iterator[str]:
    """The same, from the value alone."""
    folder, _, limits = text.partition(":")
    if folder not in ("*", "?"):
        more = limits.partition("=")[2].lstrip("+")
        inner = f"namespace inbox {{ mailbox {folder} {{ quota_storage_extra = {more} }} }} on five lines"
        raise Untranslatable(
            "a rule for one folder is for a person to translate", f"more room there is: {inner}"
        )
    for limit in limits.split(":"):
        what, _, amount = limit.partition("=")
        if what not in _NAMES or not amount[:1].isdigit() or "%" in amount:
            cure = "write *:storage=1G or *:messages=1000 in 2.3's form, quota_storage_size = 1G in 2.4's"
            raise Untranslatable(f"2.4 has no limit {limit}", cure)
        counted = amount if int(re.sub(r"\D", "", amount)) else "unlimited"
        yield f"{_NAMES[what]} = {size(amount, 'K') if what == 'storage' else counted}"


def size(text: str, unit: str) -> str:
    """A size with its unit written; 2.4 counts bytes where there is none."""
    found = _SIZE.fullmatch(text.strip())
    if not found:
        raise Untranslatable(f"{text} is no size", "write a number and a unit: 500M")
    if not int(found[1]):
        return "unlimited"
    return found[1] + (found[2].upper() or unit)


def grace(line: Line, _around: Around) -> list[str]:
    """`quota_grace = 50M`; a part of the limit is nothing that 2.4 knows."""
    found = _SIZE.fullmatch(line.value)
    if not found or (not found[2] and int(found[1])):
        cure = "write a size with its unit, which holds for every limit: quota_storage_grace = 50M"
        raise Untranslatable("2.4 has no grace in percent of the limit", cure)
    return [f"quota_storage_grace = {found[1] if not int(found[1]) else found[1] + found[2].upper()}"]


def warning(line: Line, _around: Around) -> list[str]:
    """`quota_warning = storage=95%% quota-warning 95 %u`: a block named as the setting was."""
    limit, _, command = line.value.replace("%%", "%").partition(" ")
    program, _, arguments = line.value.partition(" ")[2].strip().partition(" ")
    found = _LIMIT.fullmatch(limit)
    if not found or not command.strip():
        cure = "write storage=95%% and a service with its arguments, or a `warning` block in 2.4's form"
        raise Untranslatable(f"2.4 has no warning at {limit}", cure)
    kind = "storage" if found["what"] == "storage" else "message"
    inner = [f"quota_{kind}_percentage = {found['percent']}"]
    inner += ["resource = message"] if kind == "message" else []
    inner += ["threshold = under"] if found["under"] else []
    given = [f"args = {written(expanded(arguments.strip(), 'execute_args'))}"] if arguments.strip() else []
    inner += block(f"execute {program}", *given)
    return block(_head(_root_of(line)), *block(f"warning {line.name}", *inner))


def over_script(line: Line, _around: Around) -> list[str]:
    """`quota_over_script = quota-warning mismatch %u`."""
    program, _, arguments = line.value.partition(" ")
    given = f"args = {written(expanded(arguments.strip(), 'execute_args'))}".rstrip()
    return block("quota_over_status", *block(f"execute {program}", given))


def _root_of(line: Line) -> str:
    root_line = line.within.get("quota") if line.within else None
    name = root_line.value.split(":")[1] if root_line and ":" in root_line.value else ""
    return name or ROOT


def _head(name: str) -> str:
    name = name or ROOT
    return f'quota "{name}"' if re.search(r"[^\w-]", name) else f"quota {name}"
