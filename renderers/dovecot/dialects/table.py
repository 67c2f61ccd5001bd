"""The whole table: what becomes of every setting of 2.3 that this server may be given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from renderers.dovecot.dialects import (
    names,
    rows_blocks,
    rows_logins,
    rows_plugin,
    rows_quota,
    rows_search,
    rows_sieve,
    rows_top,
)
from renderers.dovecot.dialects.fates import Fate, Place, Row, Same
from renderers.dovecot.dialects.syntax import Section

_PLACES = {
    "plugin": Place.PLUGIN,
    "service": Place.SERVICE,
    "inet_listener": Place.LISTENER,
    "unix_listener": Place.SOCKET,
    "fifo_listener": Place.SOCKET,
    "namespace": Place.NAMESPACE,
    "mailbox": Place.MAILBOX,
    "passdb": Place.PASSDB,
    "userdb": Place.USERDB,
    "dict": Place.DICT,
    "metric": Place.METRIC,
    "event_exporter": Place.EXPORTER,
}
_WITHIN = {
    Place.LISTENER: (Place.SERVICE,),
    Place.SOCKET: (Place.SERVICE,),
    Place.MAILBOX: (Place.NAMESPACE,),
}
"""Where a block of 2.3 may stand besides outside of all."""
GONE_SERVICES = frozenset(["aggregator", "director", "ipc", "old-stats", "replicator", "tcpwrap"])
"""Services that 2.4 has no program for."""

ROWS: tuple[Row, ...] = (
    *rows_logins.TLS,
    *rows_logins.LOGINS,
    *rows_top.MAIL,
    *rows_top.SERVER,
    *rows_quota.QUOTA,
    *rows_search.SEARCH,
    *rows_plugin.STORAGE,
    *rows_plugin.GONE,
    *rows_sieve.SIEVE,
    *rows_sieve.IMAPSIEVE,
    *rows_blocks.SERVICES,
    *rows_blocks.FOLDERS,
    *rows_blocks.DATABASES,
    *rows_blocks.METRICS,
)
_NUMBER = re.compile(r"[0-9]+")


def place_of(section: Section | None) -> Place | None:
    """Where the settings of a section of 2.3 belong to; None where 2.3 has no such section."""
    while section is not None and section.kind in names.FILTERS:
        section = section.outer
    if section is None:
        return Place.TOP
    place = _PLACES.get(section.kind)
    outer = place_of(section.outer)
    if place is None or outer not in _WITHIN.get(place, (Place.TOP,)):
        return None
    return place


def fate(place: Place, name: str) -> Fate | None:
    """What becomes of a setting; None for a name that is none of 2.3's."""
    if place is Place.DICT:
        name = "#"
    for known in (name, *_numbered(name)):
        if (place, known) in _by_name():
            return _by_name()[place, known]
    if place is Place.TOP and name in names.old() and names.new().get(name, "block") not in names.BLOCKS:
        return Same()
    return None


def successor(name: str) -> str:
    """What 2.4 calls a global setting of 2.3 whose value means the same, "" if there is none."""
    found = fate(Place.TOP, name)
    if isinstance(found, Same):
        return name
    return getattr(found, "to", "") if found else ""


def _numbered(name: str) -> Iterator[str]:
    """The names of rows that a name with a number may fall under."""
    for found in _NUMBER.finditer(name):
        yield f"{name[: found.start()]}#{name[found.end() :]}"
    yield f"{name}#"


@cache
def _by_name() -> dict[tuple[Place, str], Fate]:
    return {(row.place, row.name): row.fate for row in ROWS}
