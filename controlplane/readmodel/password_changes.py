"""When the passwords of accounts and master accounts were last changed, of many at once."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

from sqlite_utils import Database

from controlplane.readmodel.schema import SEQUENCE_BITS

_KINDS = {"account": ("account.added", "account.changed"), "master": ("master.added", "master.changed")}
_NEWEST = """
WITH asked AS (
    SELECT value AS subject, (
        SELECT max(id) FROM events INDEXED BY events_by_subject
        WHERE subject = value AND kind IN (SELECT id FROM names WHERE sort = 'kind' AND name IN (?, ?))
        AND text <> 'attributes') AS id
    FROM json_each(?))
SELECT subject, position, time FROM asked JOIN change_sets ON position = asked.id >> ?"""
"""An account's change says in its text what changed: the password, its attributes, or both."""


class Changed(NamedTuple):
    """The change set that brought a password: its position, and its time in RFC 3339."""

    position: int
    time: str


def newest(db: Database, noun: str, names: Iterable[str]) -> dict[str, Changed]:
    """The newest change of each password, `noun` is `account` or `master`; of those that the log knows."""
    rows = db.query(_NEWEST, (*_KINDS[noun], json.dumps(list(names)), SEQUENCE_BITS))
    return {row["subject"]: Changed(row["position"], row["time"]) for row in rows}
