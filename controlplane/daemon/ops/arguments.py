"""Reads arguments of requests: whoever sends nonsense is told, and nothing breaks."""

from __future__ import annotations

import base64
import binascii
from typing import cast

from controlplane.errors import UsageError
from controlplane.events import Source
from controlplane.intake.accepted_pushes import Cause
from controlplane.statefiles.tree import TreeFile
from wire.lines import Request

SOURCES = ("setup", "mailctl")


def text(request: Request, name: str, default: str = "") -> str:
    """A text argument; raises UsageError for anything else."""
    value = request.get(name, default)
    if value is None:
        return default
    if not isinstance(value, str):
        raise UsageError.because(f"{name} is not a text", "see docs/reference/control-protocol.md")
    return value


def reporting_node(request: Request, known: str) -> str:
    """The node whose agent reports; raises UsageError for one that is not `known`."""
    node = text(request, "node")
    if node != known:
        message = f"{node!r} is not a node of this server" if node else "the report names no node"
        raise UsageError.because(message, f"name the node {known}")
    return node


def content(value: object, name: str) -> bytes:
    """Bytes from base64; raises UsageError."""
    try:
        return base64.b64decode(cast(str, value), validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise UsageError.because(f"{name} is not base64", "see docs/reference/control-protocol.md") from None


def cause(request: Request, default: Source = "mailctl") -> Cause:
    """Who asks, by which command, and why."""
    source = text(request, "source") or default
    if source not in SOURCES and source != default:
        raise UsageError.because(f"{source} is not a source of commands", "use setup or mailctl")
    return Cause(text(request, "actor") or "root", cast(Source, source), text(request, "reason"))


def files(request: Request) -> dict[str, TreeFile] | None:
    """A tree of `main` that came with the request; None where none did."""
    given = request.get("files")
    if given is None:
        return None
    try:
        return {
            str(path): TreeFile(content(file["content"], path), int(file.get("mode") or 0o100644))
            for path, file in given.items()
        }
    except (AttributeError, KeyError, TypeError, ValueError):
        raise UsageError.because("files is not a tree", "see docs/reference/control-protocol.md") from None
