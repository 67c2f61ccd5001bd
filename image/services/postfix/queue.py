"""What became of a message that Postfix took, by its log and its queue."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.canary.steps import Finding, Ground, failed, unclear

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
