"""Every error that the agent and its services raise on purpose.

AgentError
├── Failed        an attempt went wrong: names service, reason and, where known, path and line
│   └── Invalid   the staged tree did not pass the checkers: has every problem
├── Refused       a request that can never be carried out as it was made
├── NotFound      an object or mailbox that does not exist
├── Unavailable   the daemon, a command or a service did not answer in time
└── Corrupt       a manifest, a file of the agent's own state or a git object does not hold together
OSError
└── Unsuitable    what lies at a path is no regular file, or too large (files/beneath.py)
Fault             supervisord refused a request; never leaves health/
Damaged           a record does not hold together; never leaves records/checksummed.py
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in a rendered file. `path` has no leading slash; `line` counts from 1, 0 for none."""

    service: str
    path: str
    line: int
    message: str

    def as_dict(self) -> dict[str, object]:
        """The problem as plain values, for JSON."""
        return asdict(self)


class AgentError(Exception):
    """Something that can be expected to go wrong; its text is made for people."""


class Failed(AgentError):
    """A step of an attempt did not succeed; the last good release goes back."""

    def __init__(self, service: str, reason: str, path: str = "", line: int = 0) -> None:
        super().__init__(reason)
        self.service, self.reason, self.path, self.line = service, reason, path, line


class Invalid(Failed):
    """The staged tree did not pass the checkers; nothing was changed."""

    def __init__(self, problems: list[Problem]) -> None:
        first = problems[0]
        super().__init__(first.service, first.message, first.path, first.line)
        self.problems = problems


class Refused(AgentError):
    """Input that was not accepted; nothing was changed."""


class NotFound(AgentError):
    """A thing that was named does not exist."""


class Unavailable(AgentError):
    """A process that should answer does not."""


class Corrupt(AgentError):
    """Stored state that does not hold together."""


KINDS: Mapping[str, type[AgentError]] = {
    kind.__name__: kind for kind in (Refused, NotFound, Unavailable, Corrupt)
}
"""The kinds that cross a socket, by their names there (wire.errors)."""
