"""Takes over what git moved and then told nobody of.

git answers the pusher before it runs post-receive (git-receive-pack(1)), and dies of a client that went
away meanwhile: `main` has moved then, and nobody would look until the next change. A post-receive that
failed, of a full disk say, is tried again in the same way.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from controlplane.daemon.log import log
from controlplane.errors import MailserverError
from controlplane.intake.main_branch import MAIN
from controlplane.intake.pipeline import Intake

PATIENCE = 10.0
"""Seconds between the consent to a push and the look after it."""


class MissedPostReceives:
    """Pushes that were accepted and whose post-receive has not ended yet, each with its timer."""

    def __init__(self, intake: Intake, poke: Callable[[], object]) -> None:
        self._intake, self._poke = intake, poke
        self._waiting: dict[str, threading.Timer] = {}
        self._lock = threading.Lock()
        self._stopped = False

    def stop(self) -> None:
        """Look after nobody any more: the next start takes over what is left."""
        with self._lock:
            self._stopped = True
            timers, self._waiting = list(self._waiting.values()), {}
        for timer in timers:
            timer.cancel()

    def expect(self, commit: str) -> None:
        """This commit may become `main`: look after it unless it arrives."""
        timer = threading.Timer(PATIENCE, self._look, (commit,))
        timer.daemon = True
        with self._lock:
            if self._stopped:
                return
            before, self._waiting[commit] = self._waiting.get(commit), timer
            timer.start()
        if before is not None:
            before.cancel()

    def arrived(self, commit: str) -> None:
        """Its post-receive has ended well."""
        with self._lock:
            timer = self._waiting.pop(commit, None)
        if timer is not None:
            timer.cancel()

    def ended(self, commits: Iterable[str]) -> None:
        """git is over with a push of these: what never became `main` leaves no record of its consent."""
        stores = self._intake.stores
        try:
            lost = {commit for commit in commits if commit != stores.repo.refs.get(MAIN)}
            if lost:
                lost -= set(stores.repo.moves(MAIN))
            for commit in lost:
                stores.accepted.forget(commit)
                self.arrived(commit)
                log.info("push came to nothing", commit=commit)
        except (MailserverError, OSError) as error:
            log.warning("not looked after", error=str(error))

    def _look(self, commit: str) -> None:
        try:
            self._intake.stores.repo.flush()
            if self._intake.catch_up():
                log.warning("taken over late", main=self._intake.main)
                self._poke()
        except (MailserverError, OSError) as error:
            log.warning("not taken over yet", commit=commit, error=str(error))
            self.expect(commit)
        else:
            self.arrived(commit)
