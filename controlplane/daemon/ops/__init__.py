"""Every operation of the control socket, by name. To add one: a model of its request, a function in a module
here, a line below.

Most give a result and nothing else; those that talk also tell a person line by line what they find or do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic

from controlplane.daemon.core import Daemon
from controlplane.daemon.ops import (
    agent,
    back,
    changes,
    hooks,
    importing,
    listing,
    node,
    plans,
    questions,
    requests,
    show,
)
from controlplane.daemon.ops.requests import Asked, Model, read
from controlplane.errors import UsageError
from wire.lines import Request, Result, Say


@dataclass(frozen=True, slots=True)
class Operation(Generic[Model]):
    """What is asked for, and what answers it."""

    asks: type[Model]
    run: Callable[[Daemon, Model, Say], Result]

    def __call__(self, daemon: Daemon, request: Request, say: Say) -> Result:
        """The result; raises UsageError for a request that does not fit, and whatever `run` raises."""
        return self.run(daemon, read(self.asks, request), say)


def _silent(asks: type[Model], run: Callable[[Daemon, Model], Result]) -> Operation[Model]:
    return Operation(asks, lambda daemon, request, _say: run(daemon, request))


OPS: Mapping[str, Operation[Any]] = {
    "pre-receive": Operation(requests.Push, hooks.pre_receive),
    "post-receive": Operation(requests.Push, hooks.post_receive),
    "log": Operation(requests.Log, questions.log),
    "history": Operation(requests.History, questions.history),
    "edit": _silent(requests.Edit, changes.edit),
    "rehearse": _silent(requests.Rehearse, changes.rehearse),
    "rollback": _silent(requests.Rollback, back.rollback),
    "revert": _silent(requests.Revert, back.revert),
    "import": _silent(requests.Import, importing.take_in),
    "reconcile": _silent(requests.Reconcile, node.reconcile),
    "suspend": _silent(Asked, node.suspend),
    "resume": _silent(Asked, node.resume),
    "status": _silent(requests.Status, node.status),
    "certificates": _silent(Asked, node.certificates),
    "accounts": _silent(Asked, listing.accounts),
    "aliases": _silent(Asked, listing.aliases),
    "masters": _silent(Asked, listing.masters),
    "access": _silent(Asked, listing.access),
    "show": _silent(requests.Show, show.show),
    "diff": _silent(requests.Diff, show.diff),
    "explain": _silent(requests.Explain, show.explain),
    "recipient": _silent(Asked, show.recipient),
    "plan": _silent(requests.Plan, plans.plan),
    "validate": _silent(requests.Validate, plans.validate),
    "verify": _silent(Asked, questions.verify),
    "agent.hello": _silent(requests.Hello, agent.hello),
    "agent.certificate": _silent(requests.Certificate, agent.certificate),
    "agent.volume": _silent(requests.Volume, agent.volume),
    "agent.outcomes": _silent(requests.Report, agent.outcomes),
    "agent.drift": _silent(requests.Drift, agent.drift),
}


def find(name: str) -> Operation[Any]:
    """The operation of that name; raises UsageError."""
    operation = OPS.get(name)
    if operation is None:
        raise UsageError.because(f"there is no operation {name!r}", "see docs/reference/control-protocol.md")
    return operation
