"""Whether the tables that a parameter names can be opened, and are what their type says."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from agent.commands import run_all
from agent.files.compilers import last_line, minimal_config
from services.postfix.surroundings import Surroundings
from services.postfix.tables import CLIENTS, COMBINED, INDEXED, NOT_TABLES, TEXTS, Table, tables
from wire.manifest import TABLES

DEADLINE = 10.0
OPENED = TEXTS | INDEXED.keys() | COMBINED | {"inline", "randmap"}
"""Types that postmap(1) opens without asking anybody else."""
KEY = "192.0.2.1"
"""Asked for in a table that is opened for trial: a key that each type takes."""
MEMORY_ONLY = ("/var/lib/postfix/", "/run/")
"""Where tables are made on demand, besides the parameters that name caches."""


def wrong_tables(name: str, value: str, about: Surroundings) -> Iterator[str]:
    """What keeps the tables of a value from being opened, as far as can be told without opening them."""
    for table in tables(value):
        text = _wrong(table, about)
        if text:
            yield f"{name}: {text}"


def wrong_cache(name: str, value: str, about: Surroundings) -> Iterator[str]:
    """What keeps a table from being made on demand: its type, or a folder that is not there."""
    for table in tables(value):
        if table.kind not in about.types:
            yield f"{name}: {table.kind} is not a table type (postconf -m lists them)"
        elif table.kind in INDEXED:
            folder = os.path.dirname(about.path(table.place))  # noqa: PTH120  # no file of this machine
            if about.missing(folder):
                yield f"{name}: the folder {folder} does not exist"


def _wrong(table: Table, about: Surroundings) -> str:
    if table.kind not in about.types:
        looks_like_one = table.kind not in NOT_TABLES and table.place.startswith("/")
        return f"{table.kind} is not a table type (postconf -m lists them)" if looks_like_one else ""
    if table.asked_for and "{" not in table.place and str(table) not in about.approved:
        return f"proxymap may not open {table}: proxy_read_maps does not name it"
    if table.kind in CLIENTS and not table.place.startswith("/"):
        return ""  # the name of parameters in main.cf (ldap_table(5))
    if not table.file or about.path(table.place).startswith(MEMORY_ONLY):
        return ""
    return _wrong_file(table, about)


def _wrong_file(table: Table, about: Surroundings) -> str:
    entry = about.staged.entry(about.path(table.place))
    if entry and entry.compile in TABLES and table.kind == TABLES[entry.compile][0]:
        return ""
    if about.missing(table.file):
        if table.kind in INDEXED and not about.missing(table.place):
            source = about.path(table.place)
            return f"{table} is not compiled: there is no {about.path(table.file)}; name it texthash:{source}"
        return f"{table} does not exist"
    lacks = about.lacks_file(table.file, about.user if table.proxied else None)
    if lacks:
        return f"{table}: {lacks}"
    found = about.foreign(table)
    if table.kind in TEXTS | CLIENTS and found and _is_binary(found):
        return f"{table} is not text: {table.kind} tables are not compiled"
    return ""


def _is_binary(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return b"\0" in file.read(4096)
    except OSError:
        return False


def refused_tables(specs: Sequence[Table], about: Surroundings) -> dict[Table, str]:
    """What Postfix says of those tables that it cannot open. Managed ones are compiled by us."""
    asked = [table for table in dict.fromkeys(specs) if _can_be_opened(table, about)]
    folder = str(minimal_config(about.staged.folder))
    commands = [("postmap", "-c", folder, "-q", KEY, _absolute(table, about)) for table in asked]
    found = {}
    for table, ran in zip(asked, run_all(commands, DEADLINE), strict=True):
        lines = [line for line in ran.output.splitlines() if "fatal: " in line or "error: " in line]
        if lines:
            found[table] = last_line(lines[0].partition(": ")[2])
    return found


def _can_be_opened(table: Table, about: Surroundings) -> bool:
    parts = list(tables(str(table)))
    foreign = all(p.kind in OPENED and (not p.file or about.foreign(p)) for p in parts)
    return foreign and not _wrong(table, about)


def _absolute(table: Table, about: Surroundings) -> str:
    """As postmap(1) is to open it by itself: the proxy serves the tables of today, if it runs at all."""
    return f"{table.kind}:{about.path(table.place)}" if table.file else str(table).replace("proxy:", "")
