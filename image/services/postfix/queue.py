"""What became of a message that Postfix took, by its log and its queue."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from agent.canary.steps import Finding, Ground, failed, unclear
from wire.canary import ADDRESS

NAME = "postfix"
DEADLINE = 2.0
STATUS = re.compile(
    r"postfix[^\s\[]*\[\d+\]: (\w+): to=<[^>]*>,.* status=(deferred|bounced|expired) \((.*)\)$"
)
BOUNCE = re.compile(r"postfix[^\s\[]*\[\d+\]: (\w+): sender non-delivery notification: (\w+)$")
ACTIVE = "var/spool/postfix/active"
BUSY = 20
"""Messages under way beside which one may have to wait."""


def explain(ground: Ground) -> Finding | None:
    """Why a message of ours is not delivered: what is said of it, or that many are under way."""
    waiting = set(ground.sent.values())
    for line in ground.mark.since(NAME):
        if (match := STATUS.search(line)) and match[1] in waiting:
            return failed(match[3], NAME)
    try:
        busy = sum(1 for _ in (ground.root / ACTIVE).iterdir()) > BUSY
    except OSError:
        busy = False
    return unclear("many messages are under way") if busy else None


class Sweep:
    """Takes out of the queue what a run that was killed left there: it would be tried again for days.

    The queue is looked at when the agent has started, and again for as long as something was found.
    """

    def __init__(self) -> None:
        self._over = False

    def __call__(self, ground: Ground) -> None:
        """Before a run sends anything. Raises nothing."""
        if self._over:
            return
        ran = ground.runner(("postqueue", "-j"), DEADLINE)
        left = [] if ran.code else list(_ours(ran.output))
        for name in left:
            ground.runner(("postsuper", "-d", name, "deferred"), DEADLINE)
        self._over = not ran.code and not left


def _ours(listing: str) -> Iterator[str]:
    """The names of messages from or to the server's own account (postqueue(1), JSON)."""
    for line in listing.splitlines():
        if ADDRESS in line and line.startswith("{"):  # not a warning
            row = json.loads(line)
            if ADDRESS in (row["sender"], *(each["address"] for each in row["recipients"])):
                yield row["queue_id"]


def clean(ground: Ground) -> None:
    """Take messages that wait to be tried again, and what tells of them, out of the queue (postsuper(1)).

    One that is under way is left to come to the account's own mailbox.
    """
    for name in _left(ground):
        ground.runner(("postsuper", "-d", name, "deferred"), DEADLINE)  # whatever it says: it may be gone


def _left(ground: Ground) -> Iterator[str]:
    names = {name for name in ground.sent.values() if name}
    if not names:
        return
    yield from sorted(names)
    for line in ground.mark.since(NAME):
        if (match := BOUNCE.search(line)) and match[1] in names:
            yield match[2]
