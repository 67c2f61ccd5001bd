"""Reserves references for one push at a time.

git asks pre-receive, and only afterwards compares and swaps (git-receive-pack(1)): of two pushes that both
were told yes, one would fail in git's words. So a push holds its references from the question until git has
ended with it; a second one waits for that moment, and is then told that it came too late. A command waits as
well, but only while git is between consent and swap, which takes it milliseconds.
"""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from controlplane.errors import Conflict

PATIENCE = 90.0
"""Seconds that a push waits for earlier ones: above a checker's deadline, below the hook's."""
LONGEST = 120.0
"""Seconds after which an accepted push loses its claim, whatever git does."""
GRACE = 5.0
"""Seconds that a command waits for git to carry out an accepted push."""
_STEP_MS = 5


class Claim:
    """The references that a push holds; `process` is git's, which ends with the push."""

    def __init__(self, refs: frozenset[str], process: int) -> None:
        self.refs = refs
        self.granted = False
        try:
            self.handle = os.pidfd_open(process) if process > 1 else -1  # pidfd_open(2)
        except OSError:
            self.handle = -1

    def over(self, milliseconds: int) -> bool:
        """Whether git's process has ended, after waiting a while for it."""
        if self.handle < 0:
            return True
        poll = select.poll()
        poll.register(self.handle, select.POLLIN)
        return bool(poll.poll(milliseconds))


class Reservations:
    """All current claims. Safe to use from several threads."""

    def __init__(self) -> None:
        self._held: dict[str, Claim] = {}
        self._changed = threading.Condition()

    def claim(self, refs: Iterable[str], process: int, seconds: float = PATIENCE) -> Claim:
        """Reserve all of these references once nobody else holds any; raises Conflict after a while."""
        wanted = frozenset(refs)
        with self._changed:
            if not self._changed.wait_for(lambda: wanted.isdisjoint(self._held), seconds):
                raise Conflict("another push has been under way for long; nothing was changed, push again")
            claim = Claim(wanted, process)
            self._held |= dict.fromkeys(wanted, claim)
        return claim

    def grant(self, claim: Claim, ended: Callable[[], None]) -> None:
        """Keep the claim of an accepted push until git's process ends, then call `ended`."""
        claim.granted = True
        if claim.handle < 0:
            self.release(claim)
            return
        threading.Thread(target=self._watch, args=(claim, ended), name="push", daemon=True).start()

    def release(self, claim: Claim) -> None:
        """Free the references for the next push."""
        with self._changed:
            for ref in [ref for ref, holder in self._held.items() if holder is claim]:
                del self._held[ref]
            self._changed.notify_all()

    def moved(self, ref: str) -> None:
        """Note that git moved a reference: waiting pushes go on before the pusher has read its answer."""
        with self._changed:
            if ref in self._held and self._held[ref].granted:
                del self._held[ref]
                self._changed.notify_all()

    def let_pass(self, ref: str, unmoved: Callable[[], bool], seconds: float = GRACE) -> None:
        """Wait while an accepted push may still move `ref`; `unmoved` tells whether it has not moved yet."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            holder = self._held.get(ref)
            if holder is None or not holder.granted or not unmoved() or holder.over(_STEP_MS):
                return

    def _watch(self, claim: Claim, ended: Callable[[], None]) -> None:
        claim.over(int(LONGEST * 1000))
        self.release(claim)
        try:
            ended()
        finally:
            handle, claim.handle = claim.handle, -1
            with suppress(OSError):
                os.close(handle)
