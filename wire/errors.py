"""Errors on their way through a socket: the name of a kind, a text for people, a refusal's problems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

NAMES = ("Refused", "UsageError", "NotFound", "Conflict", "Unavailable", "Corrupt", "Bug")
"""Every kind. A program's errors of these names are these kinds; whatever else it raises is a Bug."""


class ErrorAnswer(Exception):
    """What a server answers instead of a result. `said`: the text went to the person line by line already."""

    def __init__(
        self, name: str, message: str, problems: Iterable[Mapping[str, Any]] = (), said: bool = False
    ) -> None:
        super().__init__(message)
        self.name = name if name in NAMES else "Bug"
        self.message, self.problems, self.said = message, [dict(each) for each in problems], said

    def as_dict(self) -> dict[str, Any]:
        """The value of `error` in an answer."""
        return {"type": self.name, "message": self.message, "problems": self.problems, "said": self.said}

    @classmethod
    def read(cls, given: Any) -> ErrorAnswer:
        """The error that an answer holds; whatever is not in order about it makes it a Bug."""
        if not isinstance(given, dict):
            return cls("Bug", str(given))
        problems = given.get("problems") or ()
        sound = isinstance(problems, list | tuple) and all(isinstance(each, dict) for each in problems)
        return cls(
            str(given.get("type", "Bug")),
            str(given.get("message", "")),
            problems if sound else (),
            bool(given.get("said")),
        )
