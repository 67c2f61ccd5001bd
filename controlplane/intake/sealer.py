"""Seals incoming secrets, and detects texts sealed for somebody else; only the daemon has the identity."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

from controlplane import secrets
from controlplane.errors import Problem, Refused
from controlplane.git import Change, NewFile
from controlplane.intake.trees import Files
from controlplane.sealing import VALUE, open_value, seal_value, unseal
from controlplane.statefiles.incremental import changed_lines
from controlplane.statefiles.secret_parts import is_searched, is_searched_by_line, seal_parts, secret_parts

Make = Callable[[Files], Mapping[str, Change]]


class Sealer:
    """The server's identity at work. `control` is the folder that holds it."""

    def __init__(self, control: Path) -> None:
        self._control = control
        self._lost: Problem | None = None
        self._named = ""

    def lose(self, why: Problem, named: str) -> None:
        """Go on without an identity and make no new one; `named` is the recipient on `main`."""
        self._lost, self._named = why, named

    @cached_property
    def _identity(self) -> str:
        if self._lost is not None:
            raise Refused([self._lost])
        return secrets.ensure_identity(self._control)

    @cached_property
    def recipient(self) -> str:
        """The recipient with which everybody seals for this server."""
        if self._lost is not None:
            return self._named
        secrets.ensure_identity(self._control)
        return secrets.own_recipient(self._control)

    def seal(self, value: str) -> str:
        """A value sealed as a word for `main`."""
        return seal_value(value, self.recipient)

    def fault(self, sealed: str) -> str:
        """Why a sealed word or text cannot be used; empty if it can."""
        try:
            if VALUE.fullmatch(sealed) is None:
                unseal(sealed.encode(), self._identity)
                return ""
            value = open_value(sealed, self._identity)
        except Refused as refused:
            return refused.problems[0].message
        if not value or "\n" in value or "\r" in value or "\0" in value:
            return "a sealed value is empty or has several lines"
        return ""

    def commanded(self, make: Make) -> Make:
        """A copy of an edit in which every secret is sealed that its new lines contain."""

        def sealing(files: Files) -> Mapping[str, Change]:
            return {path: self._new_lines(path, files, change) for path, change in make(files).items()}

        return sealing

    def taken_over(self, path: str, content: bytes, known: bytes) -> bytes:
        """The content with all passwords sealed that must not be in the clear.

        A password that `known`, what `main` has, holds sealed keeps that word: the same file again is no
        change.
        """
        if not is_searched(path):
            return content
        try:
            text = content.decode()
        except UnicodeDecodeError:
            return content  # refused by whoever parses it
        parts = [part for part in secret_parts(path, text) if part.must]
        return seal_parts(text, parts, self._seal_as_in(known)).encode() if parts else content

    def _new_lines(self, path: str, files: Files, change: Change) -> Change:
        if not isinstance(change, NewFile) or not is_searched(path):
            return change
        content = change.content
        old = files[path].content if path in files else b""
        start, end = changed_lines(old, content) if is_searched_by_line(path) else (0, len(content))
        try:
            new = content[start:end].decode()
        except UnicodeDecodeError:
            return change  # searched as it is, and refused where something is in the clear
        found = list(secret_parts(path, new))
        if not found:
            return change
        lines, known = new.split("\n"), set(old.decode(errors="replace").split("\n"))
        parts = [part for part in found if lines[part.line - 1] not in known]
        if not parts:
            return change
        sealed = seal_parts(new, parts, self._seal_as_in(old)).encode()
        return NewFile(b"".join([content[:start], sealed, content[end:]]), change.mode)

    def _seal_as_in(self, known: bytes) -> Callable[[str], str]:
        words = {}
        for word in VALUE.findall(known.decode(errors="replace")):
            try:
                words[open_value(word, self._identity)] = word
            except Refused:
                continue  # somebody else's
        return lambda value: words.get(value) or self.seal(value)
