"""Operations about what serves: status, reconcile, suspend and resume."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

from controlplane.daemon.certificates import rows
from controlplane.daemon.core import WAIT_SECONDS, Daemon
from controlplane.daemon.ops import arguments
from controlplane.daemon.ops.requests import Asked, Reconcile
from controlplane.daemon.ops.requests import Status as StatusAsked
from controlplane.errors import MailserverError, Unavailable
from controlplane.events import ApplyResumed, ApplySuspended, Event
from controlplane.image import is_older
from controlplane.intake import pipeline
from controlplane.intake.blame.failed_release import change_of, origin_of
from controlplane.intake.checks.clear_texts import on_main
from controlplane.intake.checks.warnings import unsupported
from controlplane.intake.checks.weak_hashes import master_counts
from controlplane.intake.plan import Plan
from controlplane.protocol.canary import Canary
from controlplane.protocol.changes import Reconciled, Recorded
from controlplane.protocol.status import Certificates, RendererRow, Status

ASK_SECONDS = 20.0


def status(daemon: Daemon, request: StatusAsked) -> Status:
    """What serves, as the agent sees it, and what the control plane knows besides."""
    wanted = request.wait
    end = time.monotonic() + (request.timeout or WAIT_SECONDS)
    if wanted:
        daemon.delivery.wait_for(wanted, end - time.monotonic())
    intake = daemon.intake
    with contextlib.suppress(MailserverError):  # the answer comes whatever is the matter
        intake.look_after_branches()
    node = daemon.delivery.seen.status
    seen: dict[str, Any] = {
        "node": node.node,
        "applied": node.applied,
        "attempted": node.attempted,
        "suspended": node.suspended,
        "healthy": False,
        "failure": {"release": node.attempted, "serving": node.applied, "reason": node.failure}
        if node.failure
        else None,
        "drift": list(node.drifted),
        "certificate_refused": daemon.refused_certificates,
    }
    try:
        seen |= daemon.ask_agent({"op": "status"}, ASK_SECONDS)
    except MailserverError as error:
        seen["failure"] = {"release": node.attempted, "reason": str(error)}
    else:
        if seen["failure"]:
            seen["failure"] = _blame(daemon, seen["failure"])
        daemon.delivery.held.take(intake.stores, seen.get("held") or (), intake.release)
        seen["held"] = [part.as_dict() for part in daemon.delivery.held.parts]
    damage = [*(seen.get("damage") or []), *(each.as_dict() for each in daemon.damage)]
    repairs = [*(seen.get("repairs") or []), *({"part": p, "how": how} for p, how in intake.repairs)]
    healthy = bool(seen.get("healthy")) and not damage
    seen |= {"damage": damage, "repairs": repairs, "healthy": healthy}
    why = daemon.owners.look()
    if (
        why or daemon.upgrade.refused
    ):  # whoever cannot be told of a change any more is not healthy, whatever serves
        seen["healthy"] = False
    # what the agent says is passed on as it is
    return cast(Status, seen | _known(daemon) | {"unwritable": why})


def check(daemon: Daemon, _request: Asked) -> Canary:
    """The server does its whole work once; raises Unavailable where the agent does not answer."""
    return cast(Canary, daemon.ask_agent({"op": "check"}, ASK_SECONDS))


def certificates(daemon: Daemon, _request: Asked) -> Certificates:
    """What serves, when it ends, and what was not taken over."""
    refused, seen = daemon.refused_certificates, dict[str, Any]()
    with contextlib.suppress(Unavailable):  # what was refused since the daemon started is known here too
        seen = daemon.ask_agent({"op": "certificates"}, ASK_SECONDS)
        refused = seen.get("refused", refused)
    return {
        "certificates": rows(daemon.intake.state, datetime.now(UTC)),
        "refused": [{"slot": slot, "reason": reason} for slot, reason in sorted(refused.items())],
        "passed_over": seen.get("passed_over", []),
    }


def reconcile(daemon: Daemon, request: Reconcile) -> Reconciled:
    """Take over what is waiting and apply the newest release again, quarantined or not."""
    intake, wait = daemon.intake, request.wait
    before = daemon.delivery.seen.status
    drifted = _drifted(daemon) if wait else []
    daemon.upgrade.finish()
    done = intake.catch_up()
    intake.ensure_release()
    daemon.delivery.forget()
    asked = daemon.delivery.poke(retry=True, degraded=request.accept)
    outcome = daemon.delivery.wait_done(asked, WAIT_SECONDS) if wait else None
    last = done[-1] if done else pipeline.Recorded(0, intake.release_number, intake.main, Plan())
    left = set(_drifted(daemon)) if drifted else set()
    return {
        **daemon.change(last, intake.release_number, wait=False),
        "outcome": outcome,
        "before": before.applied,
        "healed": [path for path in drifted if path not in left],
        "patched": bool(before.patch_failure) and not daemon.delivery.seen.status.patch_failure,
        "volume_refused": _asked(daemon, "status").get("volume_refused") or [],
    }


def _drifted(daemon: Daemon) -> list[str]:
    """Managed files that somebody changed, by a look at each of them now."""
    return [str(path) for path in _asked(daemon, "drift").get("paths") or ()]


def _asked(daemon: Daemon, op: str) -> dict[str, Any]:
    """What the agent answers; nothing where it does not, which the outcome tells."""
    try:
        return daemon.ask_agent({"op": op}, ASK_SECONDS)
    except Unavailable:
        return {}


def suspend(daemon: Daemon, request: Asked) -> Recorded:
    """Go on making releases, and hold them back."""
    return _switch(daemon, request, "suspend", ApplySuspended, daemon.delivery.seen.status.suspended)


def resume(daemon: Daemon, request: Asked) -> Recorded:
    """Apply releases again, the newest one at once."""
    held = daemon.delivery.seen.status.suspended
    done = _switch(daemon, request, "resume", ApplyResumed, not held)
    daemon.delivery.forget()
    daemon.delivery.poke()
    return done


def _switch(daemon: Daemon, request: Asked, op: str, event: Callable[..., Event], is_so: bool) -> Recorded:
    daemon.ask_agent({"op": op}, ASK_SECONDS)
    if is_so:
        return {"position": 0}
    recorded = daemon.intake.record(
        [event(node=daemon.delivery.node)], arguments.cause(request), renders=False
    )
    return {"position": recorded.position}


def _blame(daemon: Daemon, failure: dict[str, Any]) -> dict[str, Any]:
    """The failure with the line of `main` behind it, and whose change set it was."""
    stores = daemon.intake.stores
    origin = str(failure.get("origin") or "") or origin_of(stores, failure, daemon.delivery.node)
    return failure | {"origin": origin, **change_of(stores, failure, origin)._asdict()}


def _renderer(daemon: Daemon) -> RendererRow:
    version, newest = daemon.image.version, daemon.intake.state.status.newest_renderer
    return {
        "version": version,
        "newest": newest if is_older(version, newest) else "",
        "refused": [problem.as_dict() for problem in daemon.upgrade.refused],
        "waits": daemon.upgrade.waits,
    }


def _known(daemon: Daemon) -> dict[str, Any]:
    intake = daemon.intake
    observed = intake.state.observed
    return {
        "hostname": intake.state.hostname,
        "position": intake.position,
        "verified": daemon.verified,
        "release": intake.release_number,
        "certificates": rows(intake.state, datetime.now(UTC)),
        "pins": {pin.name: pin.value for pin in observed.pins.values()},
        "unsupported": unsupported(intake.state),
        "weak_hashes": {
            "accounts": dict(intake.state.desired.weak_counts),
            "masters": dict(master_counts(intake.state.desired)),
        },
        "in_clear": list(on_main(intake.stores.repo.path, intake.main)),
        "environment": daemon.complaints,
        "trouble": [problem.as_dict() for problem in intake.trouble],
        "renderer": _renderer(daemon),
    }
