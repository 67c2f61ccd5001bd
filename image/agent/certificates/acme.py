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
    chain: str
    key: str


def find(text: bytes, names: Sequence[str], place: str) -> Iterator[Hit]:
    """The certificates for any of `names`, the first name first; main names go before alternatives.

    None for a store without any of them, such as the empty one that Traefik makes at first. Halves that are
    not base64 are empty. Raises Refused for a text that is no such store.
    """
    rows = list(_rows(text, place))
    given: set[int] = set()
    for name in names:
        for number, row in sorted(enumerate(rows), key=lambda numbered: numbered[1].main != name):
            if number not in given and (name == row.main or name in row.others):
                given.add(number)
                shown = f"{name} of {row.resolver}" if row.resolver else name
                yield Hit(_decoded(row.chain), _decoded(row.key), shown)


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
    chain, key = _get(raw, "certificate"), _get(raw, "key")
    if not (chain and key and isinstance(main, str) and isinstance(others, list | tuple)):
        return None
    return _Row(resolver, main.lower(), frozenset(str(name).lower() for name in others), chain, key)


def _decoded(half: str) -> bytes:
    try:
        return base64.b64decode(half, validate=True)
    except (ValueError, TypeError):
        return b""


def _get(fields: Any, name: str) -> Any:
    """A field by its name in any case: version 1 wrote `Certificates`, version 2 `certificates` and `Key`."""
    if not isinstance(fields, dict):
        return None
    return next((value for key, value in fields.items() if key.lower() == name), None)
