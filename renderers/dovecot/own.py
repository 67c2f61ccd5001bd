"""config/dovecot.cf, in either dialect: what is rendered of it, what is refused, what a plan says of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import NamedTuple

from controlplane.model import Override, State
from controlplane.sealing import is_sealed
from renderers.dovecot.dialects.leaving_out import served
from renderers.dovecot.dialects.translation import Dialect, Piece, Translation, translate
from renderers.service import Complaint, Origin, Upgraded

NAME = "dovecot.cf"
PATH = f"config/{NAME}"
_MOUNTED = ("dovecot/*.conf", "dovecot/*.conf.ext", "dovecot/*.inc")
"""Where the guides keep files that are mounted over /etc/dovecot/conf.d."""
_SHOWN = 40
"""Changed lines that a plan shows; `mailctl dovecot translate` shows them all."""


class Rendered(NamedTuple):
    """What becomes of the file."""

    content: bytes
    origins: tuple[Origin, ...]


def rendered(state: State) -> Rendered | None:
    """The file for the version that serves; None where there is none. What is sealed as a whole stays so."""
    own = state.desired.overrides.get(NAME)
    if not own:
        return None
    text = _text(own)
    if text is None:
        return Rendered(own.content, (Origin(1, PATH),))
    pieces = served(text, _translated(text))
    content = "\n".join(line for piece in pieces for line in piece.new)
    return Rendered(content.encode(), tuple(_origins(pieces)))


def complaints(state: State, before: State | None) -> Iterator[Complaint]:
    """What of a new text has no equivalent. What served already is not refused for a new version."""
    if before is None or before.desired.overrides.get(NAME) == state.desired.overrides.get(NAME):
        return
    for found in _of(state).problems:
        yield Complaint(PATH, found.line, found.message, found.cure)


def notices(before: State, after: State) -> Iterator[Complaint]:
    """Old and new of each line that is translated, where the file changes."""
    if before.desired.overrides.get(NAME) == after.desired.overrides.get(NAME):
        return
    found = _of(after)
    if found.dialect is Dialect.OLD:
        changed = [piece for piece in found.pieces if _differs(piece)]
        cure = "`mailctl dovecot upgrade` writes the file so"
        yield Complaint(PATH, 0, "it is written for Dovecot 2.3, and rendered for 2.4", cure)
        for piece in changed[:_SHOWN]:
            yield Complaint(
                PATH, piece.number, f"{_one_line(piece.old)} → {_one_line(piece.new) or '(left out)'}", ""
            )
        if changed[_SHOWN:]:
            more = f"{len(changed) - _SHOWN} more lines are translated"
            yield Complaint(PATH, changed[_SHOWN].number, more, "`mailctl dovecot translate` shows them")
    yield from (Complaint(PATH, each.line, each.message, each.cure) for each in found.notices)


def upgraded(path: str, content: bytes) -> Upgraded | None:
    """A file below config/ in the dialect of 2.4; None for one that is not Dovecot's."""
    if path != NAME and not any(fnmatchcase(path, pattern) for pattern in _MOUNTED):
        return None
    text = _text(Override(path, content))
    if text is None:
        return None
    found = translate(text, path)
    return Upgraded(found.text.encode(), found.problems)


def _of(state: State) -> Translation:
    own = state.desired.overrides.get(NAME)
    text = _text(own) if own else None
    return _translated(text or "")


@lru_cache(maxsize=4)
def _translated(text: str) -> Translation:
    return translate(text, NAME)


def _text(own: Override) -> str | None:
    """The text of a file; None for what is no text, or sealed."""
    if is_sealed(own.content):
        return None
    try:
        return own.content.decode()
    except UnicodeDecodeError:
        return None


def _differs(piece: Piece) -> bool:
    return [line.strip() for line in piece.old] != [line.strip() for line in piece.new]


def _one_line(lines: Iterable[str]) -> str:
    return " ".join(" ".join(lines).split())


def _origins(pieces: Iterable[Piece]) -> Iterator[Origin]:
    """Where each rendered line stems from; one origin for a run of lines that stand as they were."""
    row, expected = 1, 0
    for piece in pieces:
        for index, _ in enumerate(piece.new):
            at = piece.number + min(index, len(piece.old) - 1)
            if at != expected:
                yield Origin(row, PATH, at)
            row, expected = row + 1, at + 1
