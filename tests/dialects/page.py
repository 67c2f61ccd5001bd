"""docs/reference/dovecot-2.3.md: what becomes of each setting of 2.3, from the table that translates them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from renderers.dovecot.dialects import names
from renderers.dovecot.dialects.fates import Place, Refused, Row, Same
from renderers.dovecot.dialects.table import GONE_SERVICES, ROWS
from renderers.dovecot.dialects.translation import translate
from tests.dialects.samples import setting, text

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "dovecot-2.3.md"

HEAD = """\
# Settings of Dovecot 2.3 in 2.4

<!-- written by `python -m tests.dialects`; a test holds it fresh -->

This image runs Dovecot 2.3, and takes `dovecot.cf` as it is.

Where the server runs Dovecot 2.4.1, a `dovecot.cf` that is written for 2.3 is read as such and rendered for
2.4; one that is written for 2.4 is taken as it is. Which one it is follows from the text: from a setting,
a block or a form of value that only one of them knows. What has no equivalent is refused with its line.
Settings that a table below does not name, and that 2.3 knows outside of blocks, are the same in 2.4. An
empty block `dict { }` is left out.

Everywhere in values: `%u`, `%d`, `%n`, `%Lu`, `%{rip}` … become `%{user}`, `%{user | domain}`, `%{user |
username}`, `%{user | lower}`, `%{remote_ip}` …; `%%` is `%`; `$NAME` is `$SET:NAME`; in lists `$NAME` and
`+WORD` become a block that adds to the list. Blocks that need a name in 2.4 (`passdb`, `userdb`,
`namespace`, `inet_listener`) get one made of the file's.
"""
_HEADINGS = {
    Place.TOP: "Outside of blocks, and in protocol, local, remote and local_name",
    Place.PLUGIN: "In `plugin { }`, which is gone",
    Place.SERVICE: "In `service`",
    Place.LISTENER: "In `inet_listener`",
    Place.SOCKET: "In `unix_listener` and `fifo_listener`",
    Place.NAMESPACE: "In `namespace`",
    Place.MAILBOX: "In `mailbox`",
    Place.PASSDB: "In `passdb`",
    Place.USERDB: "In `userdb`",
    Place.DICT: "In `dict`",
    Place.METRIC: "In `metric`",
    Place.EXPORTER: "In `event_exporter`",
}


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for place, heading in _HEADINGS.items():
        found = [row for row in ROWS if row.place is place]
        parts.append(f"## {heading}\n\n" + "".join(_part(found)))
    parts.append(f"## Services that are gone\n\n{_listed(GONE_SERVICES)}\n")
    unchanged = [name for name in sorted(names.old()) if name not in {row.name for row in ROWS}]
    kept = [name for name in unchanged if names.new().get(name, "block") not in names.BLOCKS]
    parts.append(f"## The same in both, outside of blocks\n\n{_listed(kept)}\n")
    return "\n".join(parts)


def _part(rows: Iterable[Row]) -> Iterator[str]:
    rows = list(rows)
    if stay := sorted(row.name for row in rows if isinstance(row.fate, Same)):
        yield f"The same: {_listed(stay)}\n\n"
    changed = [row for row in rows if not isinstance(row.fate, Same)]
    refused = [row for row in changed if isinstance(row.fate, Refused)]
    changed = [row for row in changed if not isinstance(row.fate, Refused)]
    yield "| 2.3 | what becomes of it | for example |\n| --- | --- | --- |\n" if changed else ""
    for row in sorted(changed, key=lambda row: row.name):
        yield f"| {_name(row)} | {_cell(row.fate.says)} | {_example(row)} |\n"
    yield "\n| refused | why | what to do |\n| --- | --- | --- |\n" if refused else ""
    for fate in dict.fromkeys(row.fate for row in refused):
        those = ", ".join(_name(row) for row in sorted(refused, key=lambda row: row.name) if row.fate == fate)
        yield f"| {those} | {fate.why} | {_cell(fate.cure)} |\n"


def _name(row: Row) -> str:
    if row.place is Place.DICT:
        return "any name"
    return f"`{row.name.replace('#', '')}`" + (", also with a number" if row.name.endswith("#") else "")


def _example(row: Row) -> str:
    """The line and what it becomes."""
    old = _code(setting(row))
    whole = translate(text(row), "dovecot.cf")
    lines = [line for piece in whole.pieces if piece.old[0].strip() == setting(row) for line in piece.new]
    new = "<br>".join(_code(line.strip()) for line in lines)
    return f"{old}<br>→ {new}" if new else old


def _code(line: str) -> str:
    return f"`{_cell(line)}`"


def _cell(line: str) -> str:
    return line.replace("|", "\\|")


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in sorted(words))
