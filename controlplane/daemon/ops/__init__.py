"""Every operation of the control socket, by name. To add one: a function in a module here, a line below."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from controlplane.daemon.core import Daemon
from controlplane.daemon.ops import (
    agent,
    back,
    changes,
    hooks,
    importing,
    listing,
    look,
    node,
    plans,
    questions,
)
from controlplane.daemon.protocol import Request, Result, Say
from controlplane.errors import UsageError

Op = Callable[[Daemon, Request, Say], Result]

OPS: Mapping[str, Op] = {
    "pre-receive": hooks.pre_receive,
    "post-receive": hooks.post_receive,
    "edit": changes.edit,
    "rehearse": changes.rehearse,
    "rollback": back.rollback,
    "revert": back.revert,
    "import": importing.take_in,
    "reconcile": node.reconcile,
    "suspend": node.suspend,
    "resume": node.resume,
    "status": node.status,
    "certificates": node.certificates,
    "accounts": listing.accounts,
    "aliases": listing.aliases,
    "masters": listing.masters,
    "access": listing.access,
    "show": look.show,
    "diff": look.diff,
    "explain": look.explain,
    "recipient": look.recipient,
    "plan": plans.plan,
    "validate": plans.validate,
    "log": questions.log,
    "history": questions.history,
    "verify": questions.verify,
    "agent.hello": agent.hello,
    "agent.certificate": agent.certificate,
    "agent.volume": agent.volume,
    "agent.outcomes": agent.outcomes,
    "agent.drift": agent.drift,
}


def find(name: str) -> Op:
    """The operation of that name; raises UsageError."""
    op = OPS.get(name)
    if op is None:
        raise UsageError.because(f"there is no operation {name!r}", "see docs/reference/control-protocol.md")
    return op
