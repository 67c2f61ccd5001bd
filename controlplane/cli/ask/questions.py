"""Asks the log: the daemon brings its read model up to date, this process reads it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from controlplane.cli.ask.client import STATE, call
from controlplane.cli.text.terminal import say
from controlplane.errors import Unavailable
from controlplane.plain_text import sanitize_all
from controlplane.state_volume import REPOSITORY, step_down

if TYPE_CHECKING:
    from controlplane.log_questions import Answer, LogQuestions
    from controlplane.protocol.questions import Projected
    from controlplane.readmodel.password_changes import Changed


def log(filters: Mapping[str, Any], limit: int) -> Answer:
    """The newest events that the filters let through, oldest first; raises as `client.call`."""
    return _shown(_questions().log(filters, limit))


def history(subject: str, outcome: Sequence[str]) -> Answer:
    """What happened to one subject, oldest first; raises as `client.call`."""
    return _shown(_questions().history(subject, outcome))


def passwords(names: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Changed]]:
    """Which change set brought each password, by `account` and `master`; raises as `client.call`."""
    asked = _questions()
    return {noun: asked.passwords(noun, each) for noun, each in names.items()}


def _questions() -> LogQuestions:
    from controlplane.log_questions import LogQuestions  # its library takes longer than most commands

    root = Path(os.environ.get("MAILCTL_STATE", STATE))

    def project(arguments: Mapping[str, bool]) -> Projected:
        found: Projected = call("project", **arguments)
        if not (root / REPOSITORY).is_dir():
            raise Unavailable(f"the state volume is not here, at {root}: ask in the server's container")
        # Who may ask the daemon may read; what it wrote is read with its rights, not with root's.
        step_down(root / REPOSITORY)
        return found

    return LogQuestions(root, project, say)


def _shown(answer: Answer) -> Answer:
    """The answer, fit for a terminal."""
    shown: Answer = sanitize_all(answer)
    return shown
