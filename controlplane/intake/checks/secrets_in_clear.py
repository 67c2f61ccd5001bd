"""Finds private keys and passwords that anybody with the repository can read in a file."""

from __future__ import annotations

from collections.abc import Container, Iterator

from controlplane.errors import Problem
from controlplane.sealing import is_sealed
from controlplane.statefiles.incremental import changed_lines
from controlplane.statefiles.parsed import Place
from controlplane.statefiles.secret_parts import is_searched, is_searched_by_line, secret_parts
from controlplane.statefiles.treefile import SETTINGS
from wire import private_keys


def in_clear(path: str, content: bytes) -> Iterator[Problem]:
    """A problem for the first private key of the file, and one for each line with a password."""
    if is_sealed(content):
        return
    key = private_keys.find(content)
    if key is not None:
        line = content.count(b"\n", 0, key.start) + 1
        yield Place(path, line, key.shown).problem("a private key in the clear", _cure(path), key.shown)
    if is_searched(path):
        for part in secret_parts(path, content.decode(errors="replace")):
            if part.must:
                culprit = part.what.partition(" ")[0] if path == SETTINGS else "…"
                cure = part.cure and f"{part.cure} ({_ALLOWED})"
                yield Place(path, part.line, part.shown).problem(part.what, cure or _cure(path), culprit)


_ALLOWED = f"ALLOW_CLEARTEXT_SECRETS=1 in {SETTINGS} takes it as it is"


def _cure(path: str) -> str:
    environment = ", or set it in the container's environment" if path == SETTINGS else ""
    return f"seal it: mailctl seal {path}{environment} ({_ALLOWED})"


_AROUND = 1 << 12
"""Bytes around changed lines that are looked at with them: a private key's head is of several lines."""


class CleanTexts:
    """The texts in which nothing was found, so that a change of a long file is searched and not all of it.

    One version of each file that the last tree had.
    """

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def find(self, path: str, content: bytes) -> Iterator[Problem]:
        """The same as `in_clear(path, content)`."""
        if not self._is_clean(path, content):
            found = in_clear(path, content)
            first = next(found, None)
            if first is not None:
                yield first
                yield from found
                return
        self._known[path] = content

    def keep_only(self, paths: Container[str]) -> None:
        """Forget the texts of files that are gone."""
        for path in [path for path in self._known if path not in paths]:
            del self._known[path]

    def _is_clean(self, path: str, content: bytes) -> bool:
        known = self._known.get(path)
        if known is None or known == content:
            return known is not None
        if is_searched(path) and not is_searched_by_line(path):
            return False
        start, end = changed_lines(known, content)
        start = content.rfind(b"\n", 0, max(0, start - _AROUND)) + 1
        return not any(in_clear(path, content[start : end + _AROUND]))
