"""Holds an answer of the daemon to the type that the table of operations names."""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any, get_type_hints

from pydantic import ConfigDict, TypeAdapter
from typing_extensions import is_typeddict

import controlplane.protocol
from controlplane.daemon.ops import OPS

STRICT = ConfigDict(extra="forbid", strict=True)


def answer_types() -> Iterator[Any]:
    """Every type of the protocol."""
    for module in pkgutil.iter_modules(controlplane.protocol.__path__):
        found = import_module(f"{controlplane.protocol.__name__}.{module.name}")
        yield from (kind for kind in vars(found).values() if is_typeddict(kind))


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    for each in answer_types():
        each.__pydantic_config__ = STRICT
    return TypeAdapter(kind)


def must_fit(op: str, answer: Mapping[str, Any]) -> None:
    """Raises pydantic's ValidationError for an answer that is not of its type, as a client reads it."""
    must_be(OPS[op].answers, answer)


def must_be(kind: Any, value: Mapping[str, Any]) -> None:
    """Raises ValidationError for a dictionary that is not of this type of the protocol."""
    _adapter(kind).validate_json(json.dumps(value))


def must_hold(kind: Any, part: Mapping[str, Any]) -> None:
    """Raises ValidationError, or KeyError, where some fields of a dictionary are not as the type has them."""
    hints = get_type_hints(kind)
    for name, value in part.items():
        _adapter(hints[name]).validate_json(json.dumps(value))
