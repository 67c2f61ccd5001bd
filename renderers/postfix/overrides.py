"""postfix-main.cf and postfix-master.cf of main, merged into what we render.

The syntax is postconf(5)'s: a line that begins with white space goes on with the one before, comments
and blank lines may stand between.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from renderers.service import Origin

MAIN = "config/postfix-main.cf"
MASTER = "config/postfix-master.cf"
_REFERENCE = re.compile(r"\$[{(]?([A-Za-z0-9_]+)[})]?")
_NAME = re.compile(r"[A-Za-z0-9_]+\Z")
_MASTER_LINE = re.compile(
    r"(?P<service>[^\s/=]+)/(?P<type>[a-z-]+)/(?P<name>[A-Za-z0-9_]+)\s*=\s*(?P<value>.*)\Z"
)
_SERVICE_TYPES = ("inet", "unix", "unix-dgram", "fifo", "pass")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class Parameter(NamedTuple):
    """A logical line `name = value`: the first line's number (from 1) and its lines as written."""

    name: str
    value: str
    line: int
    rows: tuple[str, ...]


class BadLine(NamedTuple):
    """A line that cannot be merged, and why."""

    line: int
    message: str
    cure: str


def decoded(content: bytes) -> str:
    """The text of an override, with the line ends of this system."""
    return content.decode("utf-8", "replace").replace("\r\n", "\n")


def parameters(text: str) -> Iterator[Parameter | BadLine]:
    """The logical lines of a main.cf, in order; comments are left out."""
    for number, rows in logical_rows(text):
        joined = " ".join(row.strip() for row in rows)
        name, equals, value = (part.strip() for part in joined.partition("="))
        if not equals or not _NAME.match(name):
            yield BadLine(number, f"{rows[0].strip()[:80]!r} is not a setting", "write `parameter = value`")
        elif _CONTROL.search(joined):
            yield BadLine(number, f"{name} holds a control character", "write it in plain text")
        else:
            yield Parameter(name, value, number, rows)


def logical_rows(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Numbers (from 1) and rows of logical lines; a row of white space before any other begins one too."""
    rows: list[str] = []
    start = 0
    for number, row in enumerate(text.split("\n"), start=1):
        if not row.strip() or row.lstrip().startswith("#"):
            continue
        if row[0].isspace() and rows:
            rows.append(row)
            continue
        if rows:
            yield start, tuple(rows)
        rows, start = [row], number
    if rows:
        yield start, tuple(rows)


def orphan(text: str) -> Iterator[BadLine]:
    """The first line where white space before it makes it go on with a line that is not there."""
    for number, rows in islice(logical_rows(text), 1):
        if rows[0][0].isspace():
            message = f"{rows[0].strip()[:80]!r} goes on with a line that is not there"
            yield BadLine(number, message, "begin the first line without white space")


def last_value(text: str, name: str) -> str | None:
    """The last value that a main.cf gives to a parameter; None where it gives none."""
    found = [p.value for p in parameters(text) if isinstance(p, Parameter) and p.name == name]
    return found[-1] if found else None


def expanded_words(value: str, known: Mapping[str, str]) -> tuple[str, ...]:
    """The words of a list, in lower case; `$name`, `${name}` and `$(name)` of known names are filled in."""
    text = _REFERENCE.sub(lambda match: known.get(match[1], match[0]), value)
    return tuple(word.lower() for word in re.split(r"[\s,]+", text) if word)


def merge_main(base: str, override: str) -> tuple[str, tuple[Origin, ...]]:
    """main.cf with the administrator's parameters appended, each of them once: the last one wins.

    Our own line of an overridden parameter goes, so that postconf finds no duplicate to warn about.
    """
    last = {p.name: p for p in parameters(override) if isinstance(p, Parameter)}
    if not last:
        return base, ()
    text = _without(base, frozenset(last)) + f"\n# From {MAIN}\n"
    line = text.count("\n") + 1
    origins: list[Origin] = []
    rows: list[str] = []
    for parameter in sorted(last.values(), key=lambda p: p.line):
        origins.append(Origin(line + len(rows), MAIN, parameter.line))
        # white space before a first row would make it go on with our last line
        rows += [parameter.rows[0].strip(), *(row.rstrip() for row in parameter.rows[1:])]
    return text + "".join(f"{row}\n" for row in rows), tuple(origins)


def _without(base: str, names: frozenset[str]) -> str:
    kept: list[str] = []
    dropping = False
    for row in base.splitlines(keepends=True):
        if row[0].isspace() and row.strip():
            keep = not dropping
        else:
            dropping = row.partition("=")[0].strip() in names
            keep = not dropping
        if keep:
            kept.append(row)
    return "".join(kept)


class Option(NamedTuple):
    """A line of postfix-master.cf: a parameter for one service."""

    service: str
    name: str
    value: str
    line: int


def options(text: str, known: frozenset[str]) -> Iterator[Option | BadLine]:
    """The lines of a postfix-master.cf; `known` are the services there are, as name/type."""
    for number, row in enumerate(text.split("\n"), start=1):
        line = row.strip()
        if not line or line.startswith("#"):
            continue
        match = _MASTER_LINE.match(line)
        if not match or match["type"] not in _SERVICE_TYPES or _CONTROL.search(line):
            yield BadLine(
                number, f"{line[:80]!r} is not an option of a service", "write `service/type/parameter=value`"
            )
            continue
        service = f"{match['service']}/{match['type']}"
        if service not in known:
            yield BadLine(number, f"there is no service {service}", f"name one of {', '.join(sorted(known))}")
            continue
        yield Option(service, match["name"], match["value"].strip(), number)


def services(master: str) -> frozenset[str]:
    """The services of a master.cf, as name/type."""
    return frozenset("/".join(r.split()[:2]) for r in master.splitlines() if r and r[0] not in "# \t")


def chosen_options(base: str, override: str) -> dict[str, dict[str, Option]]:
    """The administrator's options by service and name; of one name the last wins."""
    chosen: dict[str, dict[str, Option]] = {}
    for option in options(override, services(base)):
        if isinstance(option, Option):
            chosen.setdefault(_carried_out_by(option), {})[option.name] = option
    return chosen


def _carried_out_by(option: Option) -> str:
    """Port 25 is a server: options of smtp(8) given for it are meant for the transport of the same name."""
    is_clients = option.name.startswith("smtp_")
    return "smtp/unix" if is_clients and option.service == "smtp/inet" else option.service


def merge_master(base: str, override: str) -> tuple[str, tuple[Origin, ...]]:
    """master.cf with the administrator's options in place of ours (as postconf -P does)."""
    chosen = chosen_options(base, override)
    rows: list[str] = []
    origins: list[Origin] = []
    service = ""
    for row in [*base.splitlines(), "# end"]:
        if row and not row[0].isspace():
            for option in chosen.pop(service, {}).values():
                origins += [Origin(len(rows) + 1, MASTER, option.line), Origin(len(rows) + 2, "")]
                rows.append(_option_row(option))
            service = "" if row.startswith("#") else "/".join(row.split()[:2])
        elif _option_name(row) in chosen.get(service, {}):
            continue
        rows.append(row)
    return "".join(f"{row}\n" for row in rows[:-1]), tuple(origins)


def _option_name(row: str) -> str:
    return row.partition("=")[0].removeprefix("  -o").strip(" {")


def _option_row(option: Option) -> str:
    """White space in a value needs braces (master(5))."""
    if re.search(r"\s", option.value):
        return f"  -o {{ {option.name} = {option.value} }}"
    return f"  -o {option.name}={option.value}"
