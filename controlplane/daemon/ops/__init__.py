"""Every operation of the control socket, by name. To add one: a model of its request, a type of its
answer (controlplane/protocol), a function in a module here, a line below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

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
from controlplane.protocol.canary import Canary
from controlplane.protocol.changes import Change, Nothing, Reconciled, Recorded, Taken, WayBack
from controlplane.protocol.node import TakenOver, Target, Welcome
from controlplane.protocol.plans import Planned, Validated
from controlplane.protocol.questions import Projected, Verified
from controlplane.protocol.states import (
    Access,
    Accounts,
    Aliases,
    Difference,
    Explained,
    Hashes,
    Masters,
    Recipient,
    Shown,
)
from controlplane.protocol.status import Certificates, Status
from wire.lines import Request, Say

Answer = TypeVar("Answer", bound=Mapping[str, object], covariant=True)


@dataclass(frozen=True, slots=True)
class Operation(Generic[Model, Answer]):
    """What is asked for, what is answered, and what answers it."""

    asks: type[Model]
    answers: type[Answer]
    run: Callable[[Daemon, Model], Answer]

    def __call__(self, daemon: Daemon, request: Request, _say: Say) -> Answer:
        """The answer; raises UsageError for a request that does not fit, and whatever `run` raises."""
        return self.run(daemon, read(self.asks, request))


@dataclass(frozen=True, slots=True)
class Talk(Generic[Model, Answer]):
    """An operation that tells a person line by line what it finds or does."""

    asks: type[Model]
    answers: type[Answer]
    run: Callable[[Daemon, Model, Say], Answer]

    def __call__(self, daemon: Daemon, request: Request, say: Say) -> Answer:
        """The answer; raises UsageError for a request that does not fit, and whatever `run` raises."""
        return self.run(daemon, read(self.asks, request), say)


AnyOperation = Operation[Any, Mapping[str, Any]] | Talk[Any, Mapping[str, Any]]

OPS: Mapping[str, AnyOperation] = {
    "pre-receive": Talk(requests.Push, Nothing, hooks.pre_receive),
    "post-receive": Talk(requests.Push, Nothing, hooks.post_receive),
    "project": Talk(requests.Project, Projected, questions.project),
    "edit": Operation(requests.Edit, Change, changes.edit),
    "rehearse": Operation(requests.Rehearse, Nothing, changes.rehearse),
    "rollback": Operation(requests.Rollback, WayBack, back.rollback),
    "revert": Operation(requests.Revert, WayBack, back.revert),
    "import": Operation(requests.Import, Taken, importing.take_in),
    "reconcile": Operation(requests.Reconcile, Reconciled, node.reconcile),
    "suspend": Operation(Asked, Recorded, node.suspend),
    "resume": Operation(Asked, Recorded, node.resume),
    "status": Operation(requests.Status, Status, node.status),
    "check": Operation(Asked, Canary, node.check),
    "certificates": Operation(Asked, Certificates, node.certificates),
    "accounts": Operation(Asked, Accounts, listing.accounts),
    "aliases": Operation(Asked, Aliases, listing.aliases),
    "masters": Operation(Asked, Masters, listing.masters),
    "hashes": Operation(requests.Hashes, Hashes, listing.hashes),
    "access": Operation(Asked, Access, listing.access),
    "show": Operation(requests.Show, Shown, show.show),
    "diff": Operation(requests.Diff, Difference, show.diff),
    "explain": Operation(requests.Explain, Explained, show.explain),
    "recipient": Operation(Asked, Recipient, show.recipient),
    "plan": Operation(requests.Plan, Planned, plans.plan),
    "validate": Operation(requests.Validate, Validated, plans.validate),
    "verify": Operation(Asked, Verified, questions.verify),
    "agent.hello": Operation(requests.Hello, Welcome, agent.hello),
    "agent.certificate": Operation(requests.Certificate, Target, agent.certificate),
    "agent.volume": Operation(requests.Volume, TakenOver, agent.volume),
    "agent.outcomes": Operation(requests.Report, Nothing, agent.outcomes),
    "agent.drift": Operation(requests.Drift, Nothing, agent.drift),
}


def find(name: str) -> AnyOperation:
    """The operation of that name; raises UsageError."""
    operation = OPS.get(name)
    if operation is None:
        raise UsageError.because(f"there is no operation {name!r}", "see docs/reference/control-protocol.md")
    return operation
