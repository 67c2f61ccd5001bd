"""postfix-master.cf of main, merged into what we render.

An option is written in the form of postconf(1) -P, `service/type/parameter=value`, or as part of a service in
master(5)'s own form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from renderers.postfix.master_entries import PROGRAMS, TYPES, Entry, Row, faults, is_entry, listens_on
from renderers.postfix.overrides import CONTROL, BadLine
from renderers.service import Origin

MASTER = "config/postfix-master.cf"
_MASTER_LINE = re.compile(
    r"(?P<service>[^\s/=]+)/(?P<type>[a-z-]+)/(?P<name>[A-Za-z0-9_]+)\s*=\s*(?P<value>.*)\Z"
)


class Option(NamedTuple):
    """A parameter for one service: a line `service/type/parameter=value`, or an option of a whole service."""

    service: str
    name: str
    value: str
    line: int


def master_lines(text: str) -> Iterator[Option | Entry | BadLine]:
    """The lines of a postfix-master.cf: options in the form of `postconf -P`, services in that of master(5).

    Below a service, lines that begin with white space belong to it.
    """
    entry: list[Row] = []
    for number, row in enumerate(text.split("\n"), start=1):
        line = row.strip()
        if not line or line.startswith("#"):
            continue
        if entry and row[0].isspace():
            entry.append(Row(number, row))
            continue
        if entry:
            yield _entry(entry)
            entry = []
        if is_entry(line):
            entry = [Row(number, row)]
            continue
        match = _MASTER_LINE.match(line)
        if match and match["type"] in TYPES and not CONTROL.search(line):
            service = f"{match['service']}/{match['type']}"
            yield Option(service, match["name"], match["value"].strip(), number)
            continue
        if line.startswith("-o"):
            yield BadLine(
                number, f"{line[:80]!r} belongs to no service", "put it below one, behind white space"
            )
            continue
        cure = "write `service/type/parameter=value`, or a service with its eight fields as in master(5)"
        yield BadLine(number, f"{line[:80]!r} is neither an option nor a service", cure)
    if entry:
        yield _entry(entry)


def _entry(rows: list[Row]) -> Entry:
    return Entry("/".join(rows[0].text.split()[:2]), tuple(rows))


def options(text: str, known: frozenset[str]) -> Iterator[Option | BadLine]:
    """The options in a postfix-master.cf and all that is wrong in it; `known` are services, as name/type."""
    found = list(master_lines(text))
    lines: dict[str, int] = {}
    for each in found:
        if isinstance(each, BadLine):
            yield each
        elif isinstance(each, Entry):
            if each.service in lines:
                message = f"there is {each.service} already, on line {lines[each.service]}"
                yield BadLine(each.line, message, "keep one of the two")
            lines.setdefault(each.service, each.line)
            yield from faults(each)
            yield from (Option(each.service, *given) for given in each.given.values())
    for option in (each for each in found if isinstance(each, Option)):
        if option.service in known or option.service in lines:
            yield option
        else:
            cure = (
                f"name one of {', '.join(sorted(known))}, or write the service itself with its eight fields"
            )
            yield BadLine(option.line, f"there is no service {option.service}", cure)


def clashes(text: str, ours: frozenset[str]) -> Iterator[BadLine]:
    """Services of a postfix-master.cf on a port that another one has: master(8) ends where it cannot bind.

    Also those of another type at one socket: each takes the name from the other, and nobody hears it any more
    when one of them goes. `ours` are the services that are there, as name/type.
    """
    taken = {place: service for service in sorted(ours) if (place := listens_on(service))}
    sockets = {service.rpartition("/")[0]: service for service in sorted(ours) if _is_local(service)}
    for entry in own_entries(text).values():
        name = entry.service.rpartition("/")[0]
        known = sockets.setdefault(name, entry.service) if _is_local(entry.service) else entry.service
        if entry.service not in {known, *ours}:
            message = f"{entry.service} listens at the same socket as {known}"
            cure = f"write {known.replace('/', ' ')} to replace that service, or take another name"
            yield BadLine(entry.line, message, cure)
        place = listens_on(entry.service)
        if place is None:
            continue
        other = taken.setdefault(place, entry.service)
        if other != entry.service:
            message = f"{entry.service} listens where {other} does, on port {place[1]}"
            cure = f"write {other.replace('/', ' ')} to replace that service, or take another port"
            yield BadLine(entry.line, message, cure)


def _is_local(service: str) -> bool:
    return service.rpartition("/")[2] in TYPES and not service.endswith("/inet")


def services(master: str) -> frozenset[str]:
    """The services of a master.cf, as name/type."""
    return frozenset("/".join(r.split()[:2]) for r in master.splitlines() if r and r[0] not in "# \t")


def own_entries(override: str) -> dict[str, Entry]:
    """The administrator's services, by name/type."""
    return {each.service: each for each in master_lines(override) if isinstance(each, Entry)}


def own_options(base: str, override: str) -> dict[str, dict[str, Option]]:
    """What the administrator gives as options, by service and name, in whichever form; the last wins.

    An option in the form of `postconf -P` goes before one in the lines of the service.
    """
    chosen: dict[str, dict[str, Option]] = {
        name: {given.name: Option(name, *given) for given in entry.given.values()}
        for name, entry in own_entries(override).items()
    }
    for service, found in _chosen(base, override).items():
        chosen.setdefault(service, {}).update(found)
    return chosen


def _chosen(base: str, override: str) -> dict[str, dict[str, Option]]:
    """The options in the form of `postconf -P`, by service and name; of one name the last wins."""
    known = services(base) | own_entries(override).keys()
    chosen: dict[str, dict[str, Option]] = {}
    for option in master_lines(override):
        if isinstance(option, Option) and option.service in known:
            chosen.setdefault(_carried_out_by(option), {})[option.name] = option
    return chosen


def _carried_out_by(option: Option) -> str:
    """Port 25 is a server: options of smtp(8) given for it are meant for the transport of the same name."""
    is_clients = option.name.startswith("smtp_")
    return "smtp/unix" if is_clients and option.service == "smtp/inet" else option.service


def merge_master(base: str, override: str) -> tuple[str, tuple[Origin, ...]]:
    """master.cf with the administrator's services and options in place of ours (as postconf -M and -P do)."""
    chosen, own = _chosen(base, override), own_entries(override)
    merged = _Merged()
    for service, rows in _blocks(base):
        options = chosen.pop(service, {})
        entry = own.pop(service, None)
        ours = [Row(0, row) for row in rows if _option_name(row) not in options]
        merged.take(entry.rows if entry else ours, list(options.values()))
    for service, entry in own.items():
        merged.take(entry.rows, list(chosen.pop(service, {}).values()))
    return "".join(f"{row}\n" for row in merged.rows), tuple(merged.origins)


class _Merged:
    """The rows of a master.cf in the making, and where those of the administrator come from."""

    def __init__(self) -> None:
        self.rows: list[str] = []
        self.origins: list[Origin] = []

    def take(self, rows: Sequence[Row], options: Sequence[Option]) -> None:
        """Add a service with options; rows whose number is 0 are ours."""
        before, behind = _split(rows) if options else (rows, ())
        for number, text in (*before, *(Row(each.line, _option_row(each)) for each in options), *behind):
            if number:
                self.origins += [Origin(len(self.rows) + 1, MASTER, number), Origin(len(self.rows) + 2, "")]
            self.rows.append(text.rstrip())


def _split(rows: Sequence[Row]) -> tuple[Sequence[Row], Sequence[Row]]:
    """What stands before more options of a service, and what behind them.

    The last option of a name counts, so they come last, but before the words of a program: what follows
    `argv=` is its own.
    """
    number, text = rows[0]
    words = text.split(maxsplit=8)
    if len(words) < 8 or words[7] not in PROGRAMS:
        return rows, ()
    tail = (Row(number, f"  {words[8]}"),) if len(words) > 8 else ()
    return (Row(number, " ".join(words[:8])),), (*tail, *rows[1:])


def _blocks(base: str) -> Iterator[tuple[str, list[str]]]:
    """Each service of a master.cf, as name/type, with its rows; comments stand alone, without a name."""
    rows: list[str] = []
    name = ""
    for row in base.splitlines():
        if rows and row and not row[0].isspace():
            yield name, rows
            rows = []
        if not rows:
            name = "" if row.startswith("#") else "/".join(row.split()[:2])
        rows.append(row)
    if rows:
        yield name, rows


def _option_name(row: str) -> str:
    return row.partition("=")[0].removeprefix("  -o").strip(" {")


def _option_row(option: Option) -> str:
    """White space in a value needs braces (master(5))."""
    if re.search(r"\s", option.value):
        return f"  -o {{ {option.name} = {option.value} }}"
    return f"  -o {option.name}={option.value}"
