"""Packs the state repo beside everything else, whenever enough has come together."""

from __future__ import annotations

import threading

from controlplane.daemon.log import log
from controlplane.errors import MailserverError
from controlplane.git import (
    HEAVY,
    many_loose,
    merge_packs,
    pack_loose,
    prune_packed,
    remove_packs,
    sweep,
)
from controlplane.intake.pipeline import Intake


class Packing:
    """At most one packing at a time, in a thread that ends with it."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._busy = threading.Lock()
        self._packed = 0
        """What of the large blobs that were written is packed, in bytes."""

    def consider(self) -> threading.Thread | None:
        """Begin to pack if there is enough to pack and nobody does yet; the thread that does."""
        repo = self._intake.stores.repo
        heavy = repo.large_written - self._packed >= HEAVY
        if not (heavy or many_loose(repo.path)) or not self._busy.acquire(blocking=False):
            return None
        self._packed = repo.large_written
        thread = threading.Thread(target=self._pack, name="packing", daemon=True)
        thread.start()
        return thread

    def _pack(self) -> None:
        path = self._intake.stores.repo.path
        try:
            pack_loose(path)
            with self._intake.writing("removing loose copies of packed objects"):
                sweep(path)
                prune_packed(path)
            if replaced := merge_packs(path):
                with self._intake.writing("removing packs that one stands for"):
                    remove_packs(path, replaced)
                    self._intake.stores.repo.reopen()
        except (MailserverError, OSError) as error:
            log.warning("not packed", error=str(error))
        finally:
            self._busy.release()
