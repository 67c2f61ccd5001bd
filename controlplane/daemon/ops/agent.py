"""What the agent reports: who it is, certificates, edits in the config volume, outcomes, drift."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from controlplane import model
from controlplane.daemon.certificates import decline, read_chain
from controlplane.daemon.core import Daemon
from controlplane.daemon.log import log
from controlplane.daemon.ops.arguments import reporting_node
from controlplane.daemon.ops.requests import Certificate, Drift, Hello, Report, Volume, VolumeChange
from controlplane.errors import MailserverError, Refused
from controlplane.events import (
    CertificateRefused,
    CertificateRemoved,
    CertificateRenewed,
    EditRefused,
    Event,
    StoreRepaired,
)
from controlplane.intake.accepted_pushes import Cause
from controlplane.intake.edits.node_reports import drift_events, file_events
from controlplane.intake.edits.volume import VolumeEdit, is_ours, take_over
from controlplane.intake.plan import Notice
from controlplane.protocol.changes import Nothing, Refusal
from controlplane.protocol.node import KnownCertificate, LastApplied, TakenOver, Target, Welcome
from renderers.certificates import sources

AGENT = "agent"
_MOST = 20
"""Notices about one edit that are told one by one."""


def hello(daemon: Daemon, request: Hello) -> Welcome:
    """The agent is there: the release it should serve, and what the log knows that the node may have lost.

    That is certificates, whether releases are held back and, where the agent names no release, the one that
    was applied last.
    """
    intake, node = daemon.intake, reporting_node(request, daemon.delivery.node)
    with intake.writing("recording what the node observed"):
        events = [
            *file_events(intake.state.seen_from(node), request.observed),
            *_repaired(request),
        ]
        if events and intake.halted is None:  # a log that is damaged keeps nobody from serving
            intake.record(events, Cause(AGENT, "agent"), renders=False)
    held = request.observed.get("held") or ()
    daemon.delivery.held.take(intake.stores, held, intake.release)
    daemon.delivery.poke_collect()
    known = intake.state.observed.certificates.values()
    return {
        **daemon.delivery.target(),
        "certificates": [_certificate(each) for each in known],
        "suspended": intake.state.seen_from(node).status.suspended,
        "applied": {} if request.applied_commit else _applied(daemon, node),
    }


def _repaired(request: Hello) -> list[Event]:
    """What the agent put back of its own records since it told the last time."""
    return [StoreRepaired(part=row.part, how=row.how) for row in request.repairs]


def _applied(daemon: Daemon, name: str) -> LastApplied:
    """The release that was applied last, as the log has it; nothing before the first, or where it is gone.

    Where something of it was held, only the node knew what served instead: then the last one that served
    wholly. The newest is tried from there as any other, and what fails of it is held again.
    """
    node, stores = daemon.intake.state.seen_from(name).status, daemon.intake.stores
    try:
        number = stores.projected.caught_up().last_whole() if node.held else node.applied
        release = stores.releases.by_number(number)
    except MailserverError:
        return {}
    return {"release": release.commit, "number": number, "main": release.basis.main_commit}


def certificate(daemon: Daemon, request: Certificate) -> Target:
    """A pair was seen, or refused; the answer names the release that serves it."""
    reporting_node(request, daemon.delivery.node)
    slot, reason = request.slot or "default", request.refused
    if reason:
        _refuse_certificate(daemon, slot, reason)
        return daemon.delivery.target()
    if request.removed:
        _remove_certificate(daemon, slot)
        return daemon.delivery.target()
    try:
        event = read_chain(slot, request.chain, request.made_here, request.place)
        _renew(daemon, event)
    except Refused as error:
        _refuse_certificate(daemon, slot, str(error))
        raise
    daemon.refused_certificates.pop(slot, None)
    return daemon.delivery.target()


def volume(daemon: Daemon, request: Volume) -> TakenOver:
    """Files of the config volume that somebody edited by hand."""
    node = reporting_node(request, daemon.delivery.node)
    edits = [_edit(change) for change in request.changes]
    done = take_over(daemon.intake, edits, daemon.template, lambda proposal: daemon.check(proposal).problems)
    known = {change.path for change in request.changes if change.again}
    news = {each.path: each.reason for each in done.refused if each.path not in known}
    if news:
        events = [EditRefused(node=node, path=path, reason=why) for path, why in news.items()]
        daemon.intake.record(events, Cause("config-volume", "config-volume"), renders=False)
    if done.recorded is not None:
        daemon.delivery.poke()
        _tell(done.recorded.plan.warnings)
    overruled = [edit.path for edit in edits if is_ours(edit.path) or edit.path in done.sealed]
    told: list[Refusal] = [{"path": each.path, "reason": each.reason} for each in done.refused]
    return {"refused": told, "overruled": overruled, "main": daemon.intake.main}


def _tell(notices: Sequence[Notice]) -> None:
    """What a push would be answered, to the container's log: nobody waits for an answer here."""
    for notice in notices[:_MOST]:
        log.warning("config volume", about=notice.subject, note=notice.message)
    if len(notices) > _MOST:
        log.warning("config volume", note=f"there are {len(notices) - _MOST} more notices of this kind")


def outcomes(daemon: Daemon, request: Report) -> Nothing:
    """The agent keeps outcomes that were not acknowledged: fetch them soon."""
    reporting_node(request, daemon.delivery.node)
    daemon.delivery.poke_collect()
    return {}


def drift(daemon: Daemon, request: Drift) -> Nothing:
    """Managed files differ from the applied release, or no longer do."""
    node = reporting_node(request, daemon.delivery.node)
    paths = tuple(sorted(request.paths))
    with daemon.intake.writing("recording drift"):
        events = drift_events(daemon.intake.state.seen_from(node), paths)
        if events and daemon.intake.halted is None:
            daemon.intake.record(events, Cause(AGENT, "agent"), renders=False)
    return {}


def _renew(daemon: Daemon, event: CertificateRenewed) -> None:
    intake = daemon.intake
    with intake.writing("recording a certificate"):
        known = intake.state.observed.certificates.get(event.slot)
        if known and (known.chain, known.source) == (event.chain, event.source):
            return
        if reason := decline(event, known, datetime.now(UTC)):
            raise Refused.because(reason, "renew it, or give another one")
        intake.record([event], Cause(AGENT, "certificate"))
        daemon.delivery.poke()


def _remove_certificate(daemon: Daemon, slot: str) -> None:
    """The node lets a slot go that its release does not name; by now a newer one may name it again."""
    intake = daemon.intake
    with intake.writing("recording a certificate"):
        daemon.refused_certificates.pop(slot, None)
        named = {source.slot for source in sources(intake.state)}
        if slot in intake.state.observed.certificates and slot not in named:
            intake.record([CertificateRemoved(slot=slot)], Cause(AGENT, "certificate"))
            daemon.delivery.poke()


def _refuse_certificate(daemon: Daemon, slot: str, reason: str) -> None:
    if daemon.refused_certificates.get(slot) != reason:
        daemon.refused_certificates[slot] = reason
        event = CertificateRefused(slot=slot, reason=reason)
        daemon.intake.record([event], Cause(AGENT, "certificate"), renders=False)


def _certificate(known: model.Certificate) -> KnownCertificate:
    return {
        "slot": known.slot,
        "fingerprint": known.fingerprint,
        "names": list(known.names),
        "serial": known.serial,
        "not_before": known.not_before,
        "not_after": known.not_after,
        "issuer": known.issuer,
        "made_here": known.made_here,
        "chain": known.chain,
        "key": known.key,
        "source": known.source,
    }


def _edit(change: VolumeChange) -> VolumeEdit:
    return VolumeEdit(change.path, change.content, change.executable, change.base)
