"""The rewriting of what is neither mail's place, quota, Sieve, search nor logins."""

from __future__ import annotations

import re

from renderers.dovecot.dialects.fates import Around, Rewrite, block
from renderers.dovecot.dialects.syntax import Line, written
from renderers.dovecot.dialects.values import expanded
from renderers.dovecot.dialects.variables import Untranslatable

_YES = ("yes", "y", "1")
_GONE_PLUGINS = {
    "fts_lucene": "fts_flatcurve",
    "fts_squat": "fts_flatcurve",
    "imap_old_stats": "metric blocks",
    "listescape": "mailbox_list_storage_escape_char",
    "mailbox_alias": "",
    "old_stats": "metric blocks",
    "replication": "",
}
_RENAMED_PLUGINS = {"zlib": "mail_compress", "imap_zlib": "", "var_expand_crypt": "var_expand_crypt"}


def yes(line: Line) -> bool:
    """Whether a switch is on, as Dovecot reads it."""
    return line.value.lower() in _YES


def inverted(name: str) -> Rewrite:
    """A switch that says the opposite."""
    return lambda line, _around: [f"{name} = {'no' if yes(line) else 'yes'}"]


def switched(name: str, on: str, off: str) -> Rewrite:
    """A switch that has words now."""
    return lambda line, _around: [f"{name} = {on if yes(line) else off}"]


def debugs(category: str) -> Rewrite:
    """What is logged in detail: the settings of 2.3 add up, log_debug is one filter."""

    def write(line: Line, around: Around) -> list[str]:
        if not yes(line):
            return []
        around.debug = list(dict.fromkeys([*around.debug, f"category={category}"]))
        return [f"log_debug = {' OR '.join(around.debug)}"]

    return write


def log_debug(line: Line, around: Around) -> list[str]:
    """A filter of one's own, which the switches behind it add to."""
    around.debug = [line.value] if line.value else []
    return [f"log_debug = {line.value}".rstrip()]


def in_block(head: str, name: str, unit: str = "") -> Rewrite:
    """A setting that is said in a block."""
    return lambda line, _around: block(head, f"{name} = {written(expanded(line.value, name))}{unit}")


def unlimited(name: str) -> Rewrite:
    """A number of which 0 said that there is no limit."""

    def write(line: Line, _around: Around) -> list[str]:
        given = "unlimited" if re.fullmatch(r"0+\s*[A-Za-z]?", line.value) else line.value
        return [f"{name} = {given}"]

    return write


def plugins(line: Line, around: Around) -> list[str]:
    """`mail_plugins`, without plugins that are gone or built in."""
    given = line.value.split()
    for word in given:
        if word in _GONE_PLUGINS:
            nearest = _GONE_PLUGINS[word]
            raise Untranslatable(
                f"2.4 has no plugin {word}", f"the nearest is {nearest}" if nearest else "leave it out"
            )
    adds = "$mail_plugins" in given and not line.quoted
    kept = [_RENAMED_PLUGINS.get(word, word) for word in given if word != "$mail_plugins"]
    if any(word.startswith("$") for word in kept):
        raise Untranslatable("mail_plugins refers to another setting", "write the names of the plugins")
    kept = [word for word in kept if word]
    if "push_notification" in kept:
        around.notices.append(
            (line.number, "push_notification needs a `push_notification NAME` block in 2.4")
        )
    if not adds:
        return [f"mail_plugins = {' '.join(kept)}".rstrip()]
    return block("mail_plugins", *(f"{word} = yes" for word in kept)) if kept else []


def identity(line: Line, _around: Around) -> list[str]:
    """`imap_id_send = name * version *`."""
    given = line.value.split()
    if len(given) % 2:
        raise Untranslatable("imap_id_send is names and values in turn", "write name * version *")
    return block(
        "imap_id_send", *(f"{name} = {value}" for name, value in zip(given[::2], given[1::2], strict=True))
    )


def tls_options(line: Line, _around: Around) -> list[str]:
    """`ssl_options`, of which no_compression is always so now."""
    kept = [word for word in line.value.split() if word not in ("no_compression", "compression")]
    return [f"ssl_options = {' '.join(kept)}"] if kept else []


def oldest_tls(line: Line, _around: Around) -> list[str]:
    """`ssl_min_protocol`."""
    if line.value == "SSLv3":
        raise Untranslatable("2.4 speaks no SSLv3", "write ssl_min_protocol = TLSv1.2")
    return [f"ssl_min_protocol = {line.value}"]


def greeter(line: Line, _around: Around) -> list[str]:
    """`welcome_script = welcome %u`."""
    program, _, arguments = line.value.partition(" ")
    given = [f"args = {written(expanded(arguments.strip(), 'execute_args'))}"] if arguments.strip() else []
    return block("welcome", *block(f"execute {program}", *given))


def special_use(line: Line, _around: Around) -> list[str]:
    """What a folder is for; `\\` is kept as it is written."""
    return [f"special_use = {written(line.value)}"]


def time_format(line: Line, _around: Around) -> list[str]:
    """`format_args = time-rfc3339`."""
    if not re.fullmatch(r"time-[a-z0-9]+", line.value):
        raise Untranslatable(
            f"format_args = {line.value} has no setting in 2.4", "write format_args = time-rfc3339"
        )
    return [f"time_format = {line.value.removeprefix('time-')}"]


def spaced(line: Line, _around: Around) -> list[str]:
    """A list that 2.3 has colons in."""
    return [f"{line.name} = {' '.join(line.value.split(':'))}".rstrip()]
