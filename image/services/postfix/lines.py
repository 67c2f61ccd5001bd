"""The lines of main.cf and master.cf that set a parameter (postconf(5), master(5))."""

from __future__ import annotations

import re
from typing import NamedTuple

_OPTION = re.compile(r"-o\s*(?:\{\s*([^\s={}]+)\s*=\s*([^}]*)\}|([^\s={}]+)=(\S*))")


class Line(NamedTuple):
    """Where a parameter is set: the line's number (from 1), and the value as it is written there."""

    number: int
    raw: str


def main_lines(text: str) -> dict[str, Line]:
    """Each parameter of a main.cf: the last line that sets it, which counts."""
    found: dict[str, Line] = {}
    last = ""
    for number, row in enumerate(text.splitlines(), 1):
        if not row.strip() or row.lstrip().startswith("#"):
            continue
        if row[0].isspace():
            if last:
                found[last] = found[last]._replace(raw=f"{found[last].raw} {row.strip()}")
            continue
        name, equals, value = row.partition("=")
        last = name.strip() if equals else ""
        if last:
            found[last] = Line(number, value.strip())
    return found


def option_lines(text: str) -> dict[tuple[str, str], Line]:
    """Each `-o name=value` of a master.cf, by service (as "smtp/inet") and name; the last one counts."""
    found: dict[tuple[str, str], Line] = {}
    service = ""
    for number, row in enumerate(text.splitlines(), 1):
        if not row.strip() or row.lstrip().startswith("#"):
            continue
        if not row[0].isspace():
            service = "/".join(row.split()[:2])
        for match in _OPTION.finditer(row):
            found[service, match[1] or match[3]] = Line(number, (match[2] or match[4] or "").strip())
    return found


def service_lines(text: str) -> dict[str, int]:
    """The line of each service of a master.cf, by name and type as "smtp/inet"."""
    rows = enumerate(text.splitlines(), 1)
    return {"/".join(row.split()[:2]): number for number, row in rows if row and row[0] not in "# \t"}


def line_of_parameter(text: str, name: str) -> int:
    """The line of main.cf or master.cf that sets a parameter, 0 where none does."""
    found = main_lines(text).get(name)
    if found is None:
        found = next((line for (_, each), line in option_lines(text).items() if each == name), None)
    return found.number if found else 0
