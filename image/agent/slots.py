"""Certificate slots: from the sources that a release names to pairs in the store, reported to the daemon."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent.atomic import read_json, write_json
from agent.certificates import Certificates, read_source
from agent.errors import AgentError, Refused
from agent.link import Link
from agent.log import log
from agent.selfsigned import make_pair


class Slots:
    """What each slot holds: {slot: {"fingerprint", "made_here"}}, kept in slots.json."""

    def __init__(self, root: Path, state: Path, store: Certificates, link: Link) -> None:
        self.root, self.state, self.store, self.link = root, state, store, link
        self._record = state / "slots.json"
        self._known: dict[str, dict[str, Any]] = read_json(self._record) or {}
        self.refused: dict[str, str] = {}

    def check(self, sources: tuple[Mapping[str, str], ...], hostname: str) -> dict[str, Any] | None:
        """Look at every source; report what is new. Returns the newest release if the daemon named one."""
        newest = None
        for source in sources:
            answer = self._check(source, hostname)
            if answer and answer.get("release"):
                newest = answer
        return newest

    def _check(self, source: Mapping[str, str], hostname: str) -> dict[str, Any] | None:
        slot = source["slot"]
        known = self._known.get(slot, {})
        try:
            chain, key, made_here = self._pair(source, hostname, known)
            fingerprint = self.store.add(chain, key)
        except (AgentError, OSError) as error:
            return self._refuse(slot, str(error))
        self.refused.pop(slot, None)
        if known.get("fingerprint") == fingerprint:
            return None
        answer = self.link.ask("agent.certificate", slot=slot, chain=chain.decode(), made_here=made_here)
        self._known[slot] = {"fingerprint": fingerprint, "made_here": made_here}
        write_json(self._record, self._known)
        log("certificate", slot=slot, fingerprint=fingerprint[:16], made_here=made_here)
        return answer

    def _pair(
        self, source: Mapping[str, str], hostname: str, known: Mapping[str, Any]
    ) -> tuple[bytes, bytes, bool]:
        try:
            return *read_source(source, self.root), False
        except FileNotFoundError as error:
            if known and not known["made_here"]:
                raise Refused(f"{error.filename} is gone; the certificate read before stays") from error
            return *make_pair(self.state / "ca", hostname), True

    def _refuse(self, slot: str, reason: str) -> dict[str, Any] | None:
        if self.refused.get(slot) == reason:
            return None
        self.refused[slot] = reason
        log("certificate refused", slot=slot, reason=reason)
        return self.link.ask("agent.certificate", slot=slot, refused=reason)

    def folders(self, sources: tuple[Mapping[str, str], ...]) -> set[Path]:
        """Where the sources lie, to be watched."""
        return {
            (self.root / s[name].lstrip("/")).parent
            for s in sources
            for name in ("cert", "key")
            if s.get(name)
        }
