"""Kinds of fields in requests: what each takes from JSON. Absent and null are alike."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainValidator

from controlplane.errors import UsageError
from controlplane.statefiles.treefile import REGULAR, TreeFile


def _text(value: object) -> str:
    # pydantic's own strings take no half of a surrogate pair, and names of git may be any bytes
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError("is not a text")  # noqa: TRY004  # pydantic collects ValueErrors
    return value


def _decoded(value: object) -> bytes:
    try:
        return base64.b64decode(_text(value), validate=True)
    except binascii.Error:
        raise ValueError("is not base64") from None


def _tree(value: object) -> dict[str, TreeFile]:
    if not isinstance(value, dict):
        raise ValueError("is not a tree")  # noqa: TRY004
    files = {}
    for path, file in value.items():
        if not isinstance(file, dict) or "content" not in file:
            raise ValueError(f"is not a tree: {path} has no content")
        mode = file.get("mode") or REGULAR
        if not isinstance(mode, int):
            raise ValueError(f"is not a tree: the mode of {path} is no number")  # noqa: TRY004
        files[_text(path)] = TreeFile(_decoded(file["content"]), mode)
    return files


def _positions(value: object) -> tuple[int, ...]:
    words = [str(word) for word in value] if isinstance(value, list) else []
    if not words or not all(word.isascii() and word.isdecimal() and len(word) < 10 for word in words):
        raise UsageError.because(
            "a change set is named by its position, a number", "`mailctl log` shows the positions"
        )
    return tuple(int(word) for word in words)


Text = Annotated[str, PlainValidator(_text)]
Content = Annotated[bytes, PlainValidator(_decoded)]
Tree = Annotated[dict[str, TreeFile], PlainValidator(_tree)]
"""FILES of the protocol."""
Flag = Annotated[bool, BeforeValidator(lambda value: False if value is None else value)]
Number = Annotated[int, BeforeValidator(lambda value: value or 0), Field(ge=0)]
Seconds = Annotated[float, BeforeValidator(lambda value: value or 0.0), Field(ge=0, allow_inf_nan=False)]
Positions = Annotated[tuple[int, ...], PlainValidator(_positions)]
"""Change sets, at least one."""
