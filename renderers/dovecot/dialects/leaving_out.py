"""What of a refused file can serve: an old server brings lines that nobody refused when they were pushed."""

from __future__ import annotations

from collections.abc import Iterator

from renderers.dovecot.dialects.syntax import Kind, Line, Section, read
from renderers.dovecot.dialects.translation import Dialect, Piece, Translation

_WHOLE = frozenset(["passdb", "userdb", "namespace"])
"""Blocks that would mean something else without one of their lines."""
_MARK = "# Left out, as Dovecot 2.4 has no equivalent: "


def served(text: str, found: Translation) -> tuple[Piece, ...]:
    """The pieces of a text as they are rendered: what is refused is a comment, with the block around it."""
    if not found.problems:
        return found.pieces
    lines = read(text)
    broken = any(line.kind is Kind.WRONG or (line.opens and not line.opens.closed) for line in lines)
    if broken or found.dialect is Dialect.NEW:
        gone = {line.number for line in lines}
    else:
        refused = {problem.line for problem in found.problems}
        gone = {number for line in lines if line.number in refused for number in _extent(line)}
    return tuple(_without(piece) if piece.number in gone else piece for piece in found.pieces)


def _extent(line: Line) -> Iterator[int]:
    """The lines that go with a refused one."""
    whole = [section for section in line.around if section.kind in _WHOLE]
    if whole:
        yield from _numbers(whole[-1])
    elif line.opens is not None:
        yield from _numbers(line.opens)
    else:
        yield line.number


def _numbers(section: Section) -> Iterator[int]:
    yield section.opened.number
    for line in section.lines:
        if line.opens is not None:
            yield from _numbers(line.opens)
        else:
            yield line.number


def _without(piece: Piece) -> Piece:
    kept = [
        raw if not raw.strip() or raw.lstrip().startswith("#") else _MARK + raw.strip() for raw in piece.old
    ]
    return piece._replace(new=tuple(kept))
