"""Packs the state repo beside everything else, whenever enough has come together."""

from __future__ import annotations

import threading

from controlplane.daemon.log import log
from controlplane.errors import MailserverError
from controlplane.git import (
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

    def consider(self) -> threading.Thread | None:
        """Begin to pack if there is enough to pack and nobody does yet; the thread that does."""
        if not many_loose(self._intake.stores.repo.path) or not self._busy.acquire(blocking=False):
            return None
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
