"""Every operation of the control socket, by name. To add one: a function in a module here, a line below.

Most give a result and nothing else. Those of TALKING also tell a person line by line what they find or do.
"""

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
    node,
    plans,
    questions,
    show,
)
from controlplane.errors import UsageError
from wire.lines import Request, Result, Say

Silent = Callable[[Daemon, Request], Result]
Talking = Callable[[Daemon, Request, Say], Result]

TALKING: Mapping[str, Talking] = {
    "pre-receive": hooks.pre_receive,
    "post-receive": hooks.post_receive,
    "log": questions.log,
    "history": questions.history,
}

SILENT: Mapping[str, Silent] = {
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
    "show": show.show,
    "diff": show.diff,
    "explain": show.explain,
    "recipient": show.recipient,
    "plan": plans.plan,
    "validate": plans.validate,
    "verify": questions.verify,
    "agent.hello": agent.hello,
    "agent.certificate": agent.certificate,
    "agent.volume": agent.volume,
    "agent.outcomes": agent.outcomes,
    "agent.drift": agent.drift,
}


def find(name: str) -> Talking:
    """The operation of that name, called in the same way whether it talks or not; raises UsageError."""
    if talking := TALKING.get(name):
        return talking
    silent = SILENT.get(name)
    if silent is None:
        raise UsageError.because(f"there is no operation {name!r}", "see docs/reference/control-protocol.md")
    return lambda daemon, request, _say: silent(daemon, request)
