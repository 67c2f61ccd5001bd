"""Traefik's acme.json: certificates of one or several resolvers, the keys beside them, all in base64."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from agent.errors import Refused


class Hit(NamedTuple):
    """A certificate of the store; `name` is the one that it was found by, with its resolver if it has one."""

    chain: bytes
    key: bytes
    name: str


class _Row(NamedTuple):
    resolver: str
    main: str
    others: frozenset[str]
    chain: bytes
    key: bytes


def find(text: bytes, names: Sequence[str], place: str) -> Hit | None:
    """The certificate for the first of `names` that the store has; main names go before alternatives.

    None for a store without any of them, such as the empty one that Traefik makes at first. Raises Refused
    for a text that is no such store.
    """
    rows = list(_rows(text, place))
    for name in names:
        for row in sorted(rows, key=lambda row: row.main != name):
            if name == row.main or name in row.others:
                shown = f"{name} of {row.resolver}" if row.resolver else name
                return Hit(row.chain, row.key, shown)
    return None


def _rows(text: bytes, place: str) -> Iterator[_Row]:
    if not text.strip():
        return
    try:
        store = json.loads(text)
        resolvers = store.items()
    except (ValueError, AttributeError) as error:
        raise Refused(f"{place} is no store of Traefik: {error}") from error
    if isinstance(_get(store, "certificates"), list):
        resolvers = [("", store)]  # version 1 has one resolver, and its fields at the top
    for resolver, fields in resolvers:
        for raw in _get(fields, "certificates") or ():
            if row := _row(resolver, raw):
                yield row


def _row(resolver: str, raw: Any) -> _Row | None:
    domain = _get(raw, "domain")
    main, others = _get(domain, "main"), _get(domain, "sans") or ()
    try:
        chain = base64.b64decode(_get(raw, "certificate") or "", validate=True)
        key = base64.b64decode(_get(raw, "key") or "", validate=True)
    except (ValueError, TypeError):
        return None
    if not (chain and key and isinstance(main, str) and isinstance(others, list | tuple)):
        return None
    return _Row(resolver, main.lower(), frozenset(str(name).lower() for name in others), chain, key)


def _get(fields: Any, name: str) -> Any:
    """A field by its name in any case: version 1 wrote `Certificates`, version 2 `certificates` and `Key`."""
    if not isinstance(fields, dict):
        return None
    return next((value for key, value in fields.items() if key.lower() == name), None)
