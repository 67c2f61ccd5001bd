"""Every error that this package raises on purpose.

MailserverError
├── Refused          input that was wrong: nothing was changed; carries Problems
│   └── UsageError   the command line itself was wrong
├── NotFound         a revision, time, account or setting that does not exist
├── Conflict         somebody else changed the same thing first; trying again may work
├── Unavailable      the daemon, the agent or a service does not answer
├── Corrupt          the log, `main` and `rendered` disagree, or an object is damaged
│   └── TooNew       a later version wrote it, and this one does not know its meaning
└── Bug              a program that was asked ran into a bug of its own

Exit codes (documented in docs/reference/commands.md): 0 done or no difference, 1 refused or failed,
2 wrong usage, 3 a bug, 4 a difference where `--exit-code` asked for it, 130 interrupted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # commands import this module, and no answer's type
    from controlplane.protocol.plans import ProblemRow


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong with the input: where, what, and what to do about it.

    `line` and `column` count from 1, 0 when the problem is not at a place in a file; `excerpt` is the
    line as it was read, never holding a secret; `length` is how many characters are at fault.
    """

    path: str
    line: int
    message: str
    cure: str
    column: int = 0
    length: int = 0
    excerpt: str = ""

    def without_place(self) -> Problem:
        """The problem without its place: the arguments of a command are at fault, not a line of a file."""
        return Problem("", 0, self.message, self.cure)

    def as_dict(self) -> ProblemRow:
        """The problem as plain values, for JSON."""
        return {
            "path": self.path,
            "line": self.line,
            "message": self.message,
            "cure": self.cure,
            "column": self.column,
            "length": self.length,
            "excerpt": self.excerpt,
        }


class MailserverError(Exception):
    """An expected failure; its text is written for people."""

    exit_code = 1


class Refused(MailserverError):
    """Input that was not accepted; nothing was changed."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{p.path}:{p.line}: {p.message}" for p in self.problems))

    @classmethod
    def because(cls, message: str, cure: str, path: str = "", line: int = 0) -> Refused:
        """A refusal with one problem."""
        return cls([Problem(path=path, line=line, message=message, cure=cure)])


class UsageError(Refused):
    """A command line that makes no sense as written."""

    exit_code = 2


class NotFound(MailserverError):
    """A thing that was named does not exist."""


class Conflict(MailserverError):
    """A stale parent, a lock that is held, or edits that overlap."""


class Unavailable(MailserverError):
    """A process that should answer does not."""


class Corrupt(MailserverError):
    """Stored history that does not hold together; the text says where."""


class TooNew(Corrupt):
    """Stored history that is whole, and written by a later version: it must not be passed over."""


class Bug(MailserverError):
    """A bug of another program, in its words; what it does about it is in its log."""

    exit_code = 3
