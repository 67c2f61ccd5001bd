"""Transports that parameters and tables name: services of master.cf (transport(5), master(5))."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.commands import run
from agent.files.compilers import minimal_config
from services.postfix.endpoints import endpoint, nobody_there
from services.postfix.surroundings import Surroundings
from services.postfix.tables import TEXTS, Table, tables
from wire.config_folder import below_config

DEADLINE = 10.0
LONGEST_TABLE = 1 << 20
"""Bytes of the largest table whose results are looked at."""
DUMPED = frozenset(["lmdb", "hash", "btree", "inline"])
"""Types whose entries postmap(1) lists (`-s`)."""
COMMAND = 7
"""The field of a service in master.cf that names its program."""
DELIVERS_TO_SERVERS = frozenset(["smtp", "lmtp"])
_FILTER = re.compile(r"\bFILTER\s+([^\s:]+):")
_ROW = re.compile(r"(?P<key>/(?:[^/\\]|\\.)*/\w*|!?\S+)\s+(?P<result>.*\S)")


def wrong_transport(name: str, value: str, about: Surroundings) -> Iterator[str]:
    """What is wrong with a `transport:nexthop` that all mail of some kind is given to."""
    transport, _, nexthop = value.strip().partition(":")
    if not transport:
        return
    service = f"{transport}/unix"
    if not about.has_service(transport):
        yield f"{name}: {transport} is not a transport of master.cf"
    elif service in about.services and about.services[service][COMMAND] in DELIVERS_TO_SERVERS:
        server = endpoint(nexthop) or endpoint(f"inet:{nexthop}")
        if server and (text := nobody_there(server, about)):
            yield f"{name}: {text}"


def wrong_results(name: str, value: str, about: Surroundings) -> Iterator[str]:
    """Entries of a parameter's tables that name a transport which master.cf does not have."""
    for table in tables(value):
        for line, result in results(table, about):
            transport = _named(name, result)
            if transport and "$" not in transport and not about.has_service(transport):
                at = f", line {line}" if line else ""
                yield f"{name}: {table}{at}: {transport} is not a transport of master.cf"


def _named(name: str, result: str) -> str:
    """The transport that a result names, "" where it names none."""
    if name.endswith("transport_maps"):
        transport, colon, _ = result.partition(":")
        return transport.strip() if colon else ""
    match = _FILTER.search(result)
    return match[1] if match else ""


def results(table: Table, about: Surroundings) -> Iterator[tuple[int, str]]:
    """(line, result) of each entry of a table that is not ours alone; no line for a compiled one."""
    if table.kind == "static":
        yield 0, table.place.strip("{} ")
        return
    entry = about.staged.entry(about.path(table.place)) if table.file else None
    if entry is not None and below_config(entry.path):
        yield from _rows(about.staged.text(entry.path))
        return
    path = about.foreign(table)
    if table.file and (path is None or not path.is_file() or path.stat().st_size > LONGEST_TABLE):
        return
    if table.kind in TEXTS and path is not None:
        yield from _rows(path.read_text("utf-8", "replace"))
    elif table.kind in DUMPED:
        spec = f"{table.kind}:{about.path(table.place)}" if table.file else str(table)
        ran = run(["postmap", "-c", str(minimal_config(about.staged.folder)), "-s", spec], DEADLINE)
        if not ran.code:
            yield from ((0, row.partition("\t")[2]) for row in ran.output.splitlines())


def _rows(text: str) -> Iterator[tuple[int, str]]:
    for number, row in enumerate(text.splitlines(), 1):
        if row.startswith("#") or not row.strip():
            continue
        match = _ROW.match(row.strip())
        if match:
            yield number, match["result"]
