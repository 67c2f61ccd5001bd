"""Services of postfix-master.cf in master(5)'s own form: eight fields and options, on any number of lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from itertools import pairwise
from typing import NamedTuple

from renderers.postfix.overrides import CONTROL, BadLine

TYPES = ("inet", "unix", "unix-dgram", "fifo", "pass")
_FIELDS = "service type private unpriv chroot wakeup maxproc command"
_FORM = f"write the eight fields `{_FIELDS}`, a - for what is as usual (master(5))"
_YES_OR_NO = ("private", "unpriv", "chroot")
_DAEMONS = frozenset(
    re.findall(
        r"\S+",
        "anvil bounce cleanup discard dnsblog error flush lmtp local oqmgr pickup pipe postlogd postscreen "
        "proxymap qmgr qmqpd scache showq smtp smtpd spawn tlsmgr tlsproxy trivial-rewrite verify virtual",
    )
)
"""What Postfix has in its daemon_directory; master(8) runs nothing else."""
PROGRAMS = ("pipe", "spawn")
"""Those that run a program of the administrator's (pipe(8), spawn(8))."""
_NEVER = ("root", "postfix")
"""As whom these refuse to run it."""
_PORT = re.compile(r"(?:[\w.-]+:|\[[0-9A-Fa-f:.]+\]:|:)?(?P<port>[0-9]+|[A-Za-z][A-Za-z0-9-]*)")
_PORT_NAMES = {
    "smtp": 25,
    "mail": 25,
    "submission": 587,
    "submissions": 465,
    "smtps": 465,
    "ssmtp": 465,
    "urd": 465,
    "qmqp": 628,
}
"""Those of services(5) that have to do with mail. A name that it lacks ends master(8), and all of Postfix."""
_PATH = re.compile(r"[\w.+-]+(?:/[\w.+-]+)*")
_WORD = re.compile(r"\{[^{}]*\}|[^\s{]\S*|\S")


class Row(NamedTuple):
    """A line as written, and its number (from 1)."""

    number: int
    text: str


class Given(NamedTuple):
    """An option `-o name=value` of a service, and its line."""

    name: str
    value: str
    line: int


class Entry(NamedTuple):
    """A service: its name/type and its rows as written, the first with the fields."""

    service: str
    rows: tuple[Row, ...]

    @property
    def line(self) -> int:
        """The line that it begins on."""
        return self.rows[0].number

    @property
    def given(self) -> dict[str, Given]:
        """Its options by name; of one name the last counts."""
        words = [*_words(self.rows), Row(0, "")][8:]
        found = (_option(*pair) for pair in pairwise(words))
        return {option.name: option for option in found if option is not None}


def is_entry(text: str) -> bool:
    """Whether a line that begins without white space is meant as the fields of a service."""
    words = text.split()
    return len(words) > 1 and (words[1] in TYPES or len(words) >= 8) and "=" not in words[0]


def listens_on(service: str) -> tuple[str, int] | None:
    """The address (empty: all) and the port of an inet service by name/type; None for all others."""
    name, _, kind = service.rpartition("/")
    found = _PORT.fullmatch(name) if kind == "inet" else None
    if found is None:
        return None
    port = found["port"]
    number = int(port) if port.isdigit() else _PORT_NAMES.get(port, 0)
    host = name.removesuffix(port).removesuffix(":").strip("[]").lower()
    return ("" if host == "0.0.0.0" else host, number) if number else None  # noqa: S104  # only compared


def faults(entry: Entry) -> Iterator[BadLine]:
    """What keeps master(8), or the program itself, from running the service; each with its line."""
    if bad := next((row for row in entry.rows if CONTROL.search(row.text)), None):
        yield BadLine(bad.number, f"{entry.service} holds a control character", "write it in plain text")
        return
    fields = entry.rows[0].text.split(maxsplit=8)[:8]
    if len(fields) < 8:
        message = f"{entry.service} has {len(fields)} of the eight fields of a service"
        yield BadLine(entry.line, message, _FORM)
        return
    wrong = list(_wrong_fields(dict(zip(_FIELDS.split(), fields, strict=True))))
    yield from (BadLine(entry.line, f"{entry.service}: {message}", cure) for message, cure in wrong)
    if not wrong:
        words = list(_words(entry.rows))[8:]
        yield from _wrong_program(entry, words) if fields[7] in PROGRAMS else _wrong_options(entry, words)


def _words(rows: tuple[Row, ...]) -> Iterator[Row]:
    """The words of an entry, each with the number of its line; what is in braces is one (master(5))."""
    for row in rows:
        yield from (Row(row.number, word) for word in _WORD.findall(row.text))


def _option(word: Row, following: Row) -> Given | None:
    if not word.text.startswith("-o"):
        return None
    text = word.text[2:] or following.text
    name, equals, value = text.strip("{} \t").partition("=")
    return Given(name.strip(), value.strip(), word.number) if equals else None


def _wrong_fields(fields: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    name, kind = fields["service"], fields["type"]
    if kind not in TYPES:
        yield f"{kind} is not a type of service", f"write one of {', '.join(TYPES)}"
    elif kind == "inet":
        yield from _wrong_port(name)
    elif not _PATH.fullmatch(name):
        yield f"{name} is not a name of a socket", "write a name of letters, digits, dots and dashes"
    for field in _YES_OR_NO:
        if fields[field] not in ("y", "n", "-"):
            yield f"{field} is {fields[field]}", "write y, n or -"
    if kind == "inet" and fields["private"] != "n":
        yield f"an inet service cannot be private, and private is {fields['private']}", "write n"
    if not re.fullmatch(r"-|[0-9]+\??", fields["wakeup"]):
        yield f"wakeup is {fields['wakeup']}", "write seconds, perhaps with a ? behind, or -"
    if not re.fullmatch(r"-|[0-9]+", fields["maxproc"]):
        yield f"maxproc is {fields['maxproc']}", "write how many may run at once (0: any number), or -"
    if fields["command"] not in _DAEMONS:
        near = get_close_matches(fields["command"], sorted(_DAEMONS), n=1)
        cure = f"write {near[0]}" if near else "name one of those; pipe and spawn run programs of your own"
        yield f"{fields['command']} is not one of Postfix's programs", cure


def _wrong_port(name: str) -> Iterator[tuple[str, str]]:
    found = _PORT.fullmatch(name)
    port = found["port"] if found else ""
    if not (0 < int(port) < 1 << 16 if port.isdigit() else port in _PORT_NAMES):
        yield (
            f"{name} is not a port to listen on",
            "write PORT or ADDRESS:PORT, with a number from 1 to 65535",
        )


def _wrong_options(entry: Entry, words: list[Row]) -> Iterator[BadLine]:
    """Words that the daemon would not take: it ends at once, and so does each that follows it."""
    waiting: Row | None = None
    for word in words:
        if waiting is not None:
            if "=" not in word.text.strip("{}") or word.text.startswith("="):
                yield _spaced(entry, waiting, word.text)
                return
            waiting = None
        elif word.text == "-o":
            waiting = word
        elif word.text.startswith("-o") and "=" not in word.text:
            yield _spaced(entry, word, "")
            return
        elif not word.text.startswith("-"):
            message = f"{entry.service}: {word.text[:80]!r} is not an option"
            yield BadLine(
                word.number, message, "write -o parameter=value, or -o { parameter = value } with blanks"
            )
            return
    if waiting is not None:
        yield _spaced(entry, waiting, "")


def _spaced(entry: Entry, word: Row, following: str) -> BadLine:
    shown = f"-o {following}".strip()[:80]
    message = f"{entry.service}: {shown!r} gives no parameter a value"
    return BadLine(word.number, message, "write -o parameter=value, or -o { parameter = value } with blanks")


def _wrong_program(entry: Entry, words: list[Row]) -> Iterator[BadLine]:
    command = entry.rows[0].text.split()[7]
    found = {
        name: (word, value) for word in words for name, equals, value in (word.text.partition("="),) if equals
    }
    for name, shown in (("user", "user=nobody"), ("argv", "argv=/path/to/program")):
        if name not in found:
            yield BadLine(
                entry.line, f"{entry.service}: {command} needs {name}= ({command}(8))", f"add {shown}"
            )
    word, user = found.get("user", (None, ""))
    if word is not None and user.partition(":")[0] in _NEVER:
        yield BadLine(
            word.number, f"{entry.service}: {command} never runs as {user}", "write user=nobody or another"
        )
