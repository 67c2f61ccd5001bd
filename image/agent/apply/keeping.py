"""Copies the live release after the answer was sent; several changes in a row make one copy."""

from __future__ import annotations

import threading
import time

from agent.apply.node import Node
from agent.apply.rescue import obtainable, open_repository
from agent.errors import AgentError
from agent.log import log
from wire.memory import trim_heap

QUIET = 2.0
"""Seconds after a release before it is copied: what comes within them is copied once."""
SHARE = 20.0
"""A copy waits for this many times what the one before took, so that it takes a twentieth at most."""


class Keeping:
    """One thread, which sleeps until a release serves."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._due = threading.Event()

    def start(self) -> None:
        """Start the thread, which first verifies the previous copy."""
        threading.Thread(target=self._run, name="keeping", daemon=True).start()

    def wake(self) -> None:
        """A release serves, or what user-patches.sh did to it changed."""
        self._due.set()

    def _run(self) -> None:
        if damaged := self._node.kept.verify():
            self._node.findings.mended("agent", f"{damaged} damaged files of its copy were thrown out")
        pause, looked = QUIET, False
        while True:
            self._due.wait()
            time.sleep(pause)
            self._due.clear()
            start = time.monotonic()
            if not looked:
                looked = True
                self.look()
            self.keep()
            trim_heap()
            pause = max(QUIET, SHARE * (time.monotonic() - start))

    def look(self) -> None:
        """Read every file of the release that serves once, as a start does not: most lie on disk already.

        So `status` reports a damaged file before it is needed.
        """
        node = self._node
        with open_repository(node) as objects:
            for entry in node.release.files.values():
                if not entry.slot:
                    obtainable(node, objects, entry)

    def keep(self) -> None:
        """Copy the live release unless it is already kept; a failure leaves the previous copy."""
        node = self._node
        release, applied = node.release, node.applied
        if not release.manifest or release.commit != applied.commit:
            return
        try:
            with node.open() as objects:
                if applied.held:  # the copy is of the release as it is; what serves instead is in the record
                    release = node.read(objects, applied.commit, applied.number)
                blobs = {name: oid for entry in release.files.values() for name, oid in entry.blobs.items()}
                written = node.kept.keep(applied, release.manifest, blobs, objects.blob)
        except (AgentError, OSError) as error:
            log.warning("no copy of the release was kept", release=applied.number, reason=error)
            return
        if written:
            log.debug("kept a copy", release=applied.number, files=written)
