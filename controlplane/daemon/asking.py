"""Asks the agent: one connection, one request (docs/agent.md)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from controlplane.answers import from_answer
from controlplane.errors import Bug, MailserverError, Unavailable
from wire import client
from wire.errors import ErrorAnswer
from wire.lines import Request, Result

Ask = Callable[[Request, float], Result]
"""From a request and the seconds that its answer may take to the result. Raises as `ask` does."""


def ask(path: Path, request: Request, seconds: float) -> Result:
    """What the agent answers. Raises Unavailable when it does not, else the kind of error that it answers.

    Only what is Unavailable is worth another try: Refused, NotFound and Corrupt stay so, and a Bug is one.
    """
    try:
        return client.ask(str(path), request, seconds)
    except ErrorAnswer as answer:
        raise _told(answer, str(request["op"])) from answer
    except OSError as error:
        raise Unavailable(f"the agent does not answer on {path}: {error}") from error


def _told(answer: ErrorAnswer, op: str) -> MailserverError:
    if answer.name == "Bug":
        return Bug(f"a bug in the agent, at {op}: {answer.message}")
    return from_answer(ErrorAnswer(answer.name, f"the agent says: {answer.message}", answer.problems))
