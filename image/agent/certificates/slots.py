"""Certificate slots: from the sources that a release names to pairs in the store, reported to the daemon."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent.certificates.choosing import Choice, choose
from agent.certificates.selfsigned import make_pair
from agent.certificates.sources import Found, Open, Passed, footprints, nothing
from agent.certificates.store import Certificates
from agent.daemon_client import DaemonClient
from agent.errors import AgentError, NotFound, Refused
from agent.files.atomic import write_json
from agent.log import log
from agent.records.checksummed import Records
from agent.records.findings import Findings
from agent.release.manifest import Release

Source = Mapping[str, Any]
MADE_HERE = "made here"


class CertificateSlots:
    """What each slot holds: {slot: {"identity", "type", "place", "made_here", "refused"}}, in slots.json."""

    def __init__(
        self,
        root: Path,
        state: Path,
        store: Certificates,
        link: DaemonClient,
        opened: Open = lambda content: content,
        findings: Findings | None = None,
    ) -> None:
        self.root, self.state, self.store, self.daemon, self.opened = root, state, store, link, opened
        self._record = state / "slots.json"
        self._findings = Findings(state) if findings is None else findings
        records = Records(state, self._findings)
        lost = "every certificate is read again"
        self._known: dict[str, dict[str, Any]] = records.take("slots.json", _are_slots, lost) or {}
        self._doubts: dict[str, str] = {}
        self._passed: dict[str, tuple[Passed, ...]] = {}
        self._until: dict[str, float] = {}

    @property
    def refused(self) -> dict[str, str]:
        """By slot, the reason why what its source holds now is not served."""
        rows = list(self._known.items())  # others than the thread that looks at sources ask
        return {slot: row["refused"] for slot, row in rows if row.get("refused")}

    @property
    def doubtful(self) -> bool:
        """Whether a pair is to be looked at again soon: its files may be written one after the other."""
        return bool(self._doubts)

    @property
    def passed_over(self) -> list[dict[str, str]]:
        """What of each slot's source would go before what serves and cannot, with the reason."""
        rows = list(self._passed.items())
        return [{"slot": slot, **each._asdict()} for slot, passed in rows for each in passed]

    @property
    def until(self) -> float:
        """When a certificate ends or begins that the choice depends on, in seconds since 1970."""
        return min(self._until.values(), default=math.inf)

    def check(
        self, sources: tuple[Source, ...], hostname: str, patient: bool = False
    ) -> dict[str, Any] | None:
        """Look at every source; report what is new. Returns the newest release if the daemon named one.

        With `patient` a pair that cannot be used is not reported before it is found so a second time.
        Raises AgentError when the daemon does not answer.
        """
        self._until.clear()
        answers = [self._check(source, hostname, patient) for source in sources]
        answers += [
            self._let_go(slot) for slot in self._known.keys() - {source["slot"] for source in sources}
        ]
        return next((answer for answer in reversed(answers) if answer and answer.get("release")), None)

    def mend(self, release: Release) -> None:
        """Make sure, before a start puts a release in place, that every pair it names is there and matches.

        One that was lost is read from its source again; where that gives another one, that one serves until
        `check` has reported it and the daemon has made a release of it.
        """
        named = {entry.identity: entry.slot for entry in release.files.values() if entry.slot}
        sources = {str(source["slot"]): source for source in release.certificates}
        for identity, slot in named.items():
            if (damage := self.store.damage(identity)) and slot in sources:
                try:
                    self._mend(identity, sources[slot], release.hostname, damage)
                except (AgentError, OSError) as error:
                    log.error("certificate lost", slot=slot, reason=f"{damage}; {error}")

    def _mend(self, identity: str, source: Source, hostname: str, damage: str) -> None:
        slot = str(source["slot"])
        self.store.forget(identity)
        try:
            choice = choose(source, self.root, self.opened)
            if choice.found is None:
                raise NotFound(_why(choice, source))
            found = choice.found
            new = self.store.add(found.chain, found.key)
        except (AgentError, OSError):
            if slot != "default":
                raise
            found = Found(*make_pair(self.state / "ca", hostname), MADE_HERE)
            new = self.store.add(found.chain, found.key)
        if new != identity:
            self.store.instead[identity] = new
        how = "read from" if new == identity else "another one serves, from"
        self._findings.mended(
            "certificates", f"the pair of slot {slot} was lost ({damage}): {how} {found.place}"
        )

    def prune(self, used: set[str]) -> None:
        """Forget pairs that neither a slot nor `used` names."""
        if self.store.folder.is_dir():
            known = {str(row.get("identity")) for row in self._known.values()}
            self.store.prune(used | known | set(self.store.instead.values()))

    def _check(self, source: Source, hostname: str, patient: bool) -> dict[str, Any] | None:
        slot, place = source["slot"], ""
        try:
            choice = self._choose(source)
            if choice.found is None or choice.kept:
                return self._stay(source, hostname, choice, patient)
            place = f"{choice.found.place}: "
            identity = self.store.add(choice.found.chain, choice.found.key)
        except (AgentError, OSError) as error:
            return self._without(source, hostname, f"{place}{error}", missing=False, patient=patient)
        other = identity != self._known.get(slot, {}).get("identity")
        if choice.passed and other and patient and self._is_new_doubt(slot, choice):
            return None
        self._tell_passed(slot, choice.passed)
        return self._take(source, choice.found, identity)

    def _stay(self, source: Source, hostname: str, choice: Choice, patient: bool) -> dict[str, Any] | None:
        """Leave what serves, since its source has nothing, or nothing usable where it was read."""
        slot, why = source["slot"], _why(choice, source)
        if choice.kept:
            self._tell_passed(slot, choice.passed[:-1])
            return self._refuse(slot, f"{why}; the certificate read before stays", patient)
        self._tell_passed(slot, choice.passed[1:])
        missing = not choice.passed
        return self._without(source, hostname, why, missing, patient and not missing)

    def _choose(self, source: Source) -> Choice:
        """What of a source is to serve, remembering what that depends on."""
        slot = source["slot"]
        choice = choose(source, self.root, self.opened, self._before(slot))
        self._until[slot] = choice.until
        return choice

    def _before(self, slot: str) -> Found | None:
        """The pair that was read before, None where it is lost or was made here."""
        known = self._known.get(slot, {})
        if not known.get("identity") or known.get("made_here"):
            return None
        try:
            chain, key = (self.store.read(str(known["identity"]), part) for part in ("chain", "key"))
        except NotFound:
            return None
        return Found(chain, key, str(known.get("place", "")))

    def _is_new_doubt(self, slot: str, choice: Choice) -> bool:
        """Whether another place would serve for the first time: its preferred one may be half written."""
        doubt = repr(choice.passed)
        if self._doubts.get(slot) == doubt:
            return False
        self._doubts[slot] = doubt
        return True

    def _tell_passed(self, slot: str, passed: tuple[Passed, ...]) -> None:
        if passed != self._passed.get(slot, ()):
            for each in passed:
                log.warning("certificate passed over", slot=slot, place=each.place, reason=each.reason)
        self._passed[slot] = passed

    def _without(
        self, source: Source, hostname: str, reason: str, missing: bool, patient: bool
    ) -> dict[str, Any] | None:
        """Serve the previous pair, or one made here, while a source has no usable pair."""
        slot, known = source["slot"], self._known.get(source["slot"], {})
        own = bool(known.get("identity")) and not known.get("made_here")
        wanted = source["type"] == "self-signed" and missing  # then one made here is what was asked for
        if slot != "default" or (own and not (wanted and known.get("type") != "self-signed")):
            after = "the certificate read before stays" if known.get("identity") else "there is none to serve"
            return self._refuse(slot, f"{reason}; {after}", patient)
        found = Found(*make_pair(self.state / "ca", hostname), MADE_HERE)
        answer = self._take(source, found, self.store.add(found.chain, found.key))
        if wanted:
            return answer
        return self._refuse(slot, f"{reason}; a certificate made here serves until then", patient) or answer

    def _take(self, source: Source, found: Found, identity: str) -> dict[str, Any] | None:
        """Report a usable pair to the daemon, unless it knows this one already."""
        slot, made_here = source["slot"], found.place == MADE_HERE
        known = self._known.get(slot, {})
        self._doubts.pop(slot, None)
        row = {"identity": identity, "type": source["type"], "place": found.place, "made_here": made_here}
        if {**known, "refused": ""} == {**row, "refused": ""}:
            if not made_here and known.get("refused"):
                self._keep(slot, row)
            return None
        try:
            answer = self.daemon.ask(
                "agent.certificate",
                slot=slot, chain=found.chain.decode(), made_here=made_here, place=found.place,
            )  # fmt: skip
        except Refused as error:  # the daemon has recorded that, with its reason
            self._keep(slot, {**known, "refused": str(error)})
            return None
        self._keep(slot, row)
        log.info("certificate", slot=slot, identity=identity[:16], place=found.place)
        return answer

    def _keep(self, slot: str, row: dict[str, Any]) -> None:
        if self._known.get(slot) != row:
            self._known[slot] = row
            write_json(self._record, self._known)

    def _refuse(self, slot: str, reason: str, patient: bool) -> dict[str, Any] | None:
        doubt = self._doubts.pop(slot, "")
        if self.refused.get(slot) == reason:
            return None
        if patient and doubt != reason:
            self._doubts[slot] = reason
            return None
        log.warning("certificate refused", slot=slot, reason=reason)
        before = self._known.get(slot, {})
        self._known[slot] = {**before, "refused": reason}  # known here before anybody can ask about it
        try:
            answer = self.daemon.ask("agent.certificate", slot=slot, refused=reason)
        except AgentError:
            self._known[slot] = before
            raise
        write_json(self._record, self._known)
        return answer

    def _let_go(self, slot: str) -> dict[str, Any] | None:
        """Forget a slot that the release does not name any more, and report that."""
        answer = self.daemon.ask("agent.certificate", slot=slot, removed=True)
        for notes in (self._doubts, self._passed):
            notes.pop(slot, None)
        del self._known[slot]
        write_json(self._record, self._known)
        log.info("certificate removed", slot=slot)
        return answer

    def footprints(self, sources: tuple[Source, ...]) -> set[Path]:
        """All paths that the content of the sources depends on."""
        return {path for source in sources for path in footprints(source, self.root)}


def _why(choice: Choice, source: Source) -> str:
    """Why nothing new of a source serves: what is wrong with the pair that should, or that there is none."""
    return ": ".join(choice.passed[-1 if choice.kept else 0]) if choice.passed else nothing(source)


def _are_slots(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(row, dict) for row in value.values())
