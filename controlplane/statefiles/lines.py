"""A text edited line by line, with all other bytes kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, AnyStr

_ENDS: Mapping[type, Any] = {str: ("\n", "\r\n", ""), bytes: (b"\n", b"\r\n", b"")}


def append_line(text: AnyStr, line: AnyStr) -> AnyStr:
    """The text with a line appended, after adding a missing line end; its end is that of the first line."""
    newline, windows, nothing = _ENDS[type(text)]
    end = windows if text[: text.find(newline) + 1].endswith(windows) else newline
    grown: AnyStr = nothing.join([text, end if text and not text.endswith(newline) else nothing, line, end])
    return grown


class Lines:
    """The lines of a text, from 0, each with its own line end (LF or CRLF).

    Every edit gives the new text; the object itself does not change.
    """

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")

    def __getitem__(self, number: int) -> str:
        return self._lines[number]

    def __len__(self) -> int:
        return len(self._lines)

    def find(self, fits: Callable[[str], bool]) -> int | None:
        """The number of the first matching line."""
        return next((number for number, line in enumerate(self._lines) if fits(line)), None)

    def append(self, line: str) -> str:
        """The text with a line appended, after adding a missing line end."""
        return append_line("\n".join(self._lines), line)

    def replace(self, number: int, line: str) -> str:
        """The text with this line replaced, keeping its line end."""
        tail = "\r" if self._lines[number].endswith("\r") else ""
        return "\n".join([*self._lines[:number], line + tail, *self._lines[number + 1 :]])

    def delete(self, number: int, count: int = 1) -> str:
        """The text without `count` lines from this one on."""
        return "\n".join([*self._lines[:number], *self._lines[number + count :]])
