"""Operations about the log: what questions to it need, and its verification.

Questions are answered by whoever asks, from the file of the read model (controlplane/log_questions.py).
"""

from __future__ import annotations

from controlplane.daemon.core import Daemon
from controlplane.daemon.ops.requests import Asked, Project
from controlplane.errors import Corrupt
from controlplane.intake.audit import proof
from controlplane.protocol.questions import Projected, Verified
from wire.lines import Say


def project(daemon: Daemon, request: Project, say: Say) -> Projected:
    """Bring the file of the read model up to the end of the log, if that is near or `wait` is given."""
    stores = daemon.intake.stores
    tip = stores.log.tip()
    found: Projected = {"position": tip.position, "commit": tip.commit, "current": True, "unreadable": ""}
    try:
        if request.again:
            stores.projected.make_again()
        elif request.wait or stores.projected.is_near():
            stores.projected.caught_up(say)
        else:
            found["current"] = False
            if stores.projected.apart is not None:
                daemon.ahead.begin()  # for the next question, beside the answer from the end of the log
    except Corrupt as error:
        found["current"], found["unreadable"] = False, str(error)
    return found


def verify(daemon: Daemon, _request: Asked) -> Verified:
    """Replay the log, compare its end with `main` and with `rendered`, read every object of theirs."""
    stores = daemon.intake.stores
    found = proof.prove(stores.repo, stores.log)
    if not found.findings:
        daemon.verified = found.positions
    return found.as_dict()
