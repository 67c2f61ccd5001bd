"""Takes over from another image: what it renders otherwise is recorded and released before anything else."""

from __future__ import annotations

from dataclasses import replace

from controlplane.daemon.log import log
from controlplane.errors import MailserverError, Problem
from controlplane.fold import fold
from controlplane.image import Image
from controlplane.intake import upgrade
from controlplane.intake.accepted_pushes import Cause
from controlplane.intake.pipeline import OURSELVES, Intake
from controlplane.intake.plan import Plan
from controlplane.intake.proposal import Proposal
from controlplane.intake.stored_release import read_release
from controlplane.intake.upgrade import NOTHING, Rendered


class Upgrade:
    """What this image changes on the log that it found, until the log has it."""

    def __init__(self, intake: Intake, image: Image) -> None:
        self._intake = intake
        self.image = image
        self.pending = NOTHING
        """What could not be recorded yet, as where the volume has no room."""
        self.waits = ""
        """Why it could not."""
        self._recording = False
        intake.first = self._first

    @property
    def refused(self) -> tuple[Problem, ...]:
        """Why this version cannot render the state; empty where it can, or where that is not new with it."""
        state = self._intake.state
        if state.status.renderer_refused[:1] != (self.image.version,):
            return ()
        return Rendered.of(state).problems

    @property
    def told(self) -> Image:
        """The image, as far as the log may say that it runs: not before it took over."""
        return Image("") if self.pending.events or self.refused else self.image

    def look(self) -> Plan:
        """Find out what this image changes; nothing where there is no release yet."""
        intake, stores = self._intake, self._intake.stores
        if intake.release is None:
            return NOTHING
        now = Rendered(intake.state, intake.trees)
        if now.trees is None:
            now = Rendered.of(intake.state)
        return upgrade.compare(
            stores.repo,
            now,
            intake.position,
            lambda position: stores.checkpoints.state_at(stores.log, position),
            intake.release,
            self.image,
        )

    def take_over(self) -> None:
        """Record and release what this image changes; where it cannot render, what serves goes on serving."""
        intake = self._intake
        with intake.writing("taking over from another image"):
            plan = self.pending = self.look()
            for problem in plan.problems:
                log.error("this version cannot render", path=problem.path, line=problem.line,
                          problem=problem.message, cure=problem.cure)  # fmt: skip
            if plan.problems and intake.release is not None:
                intake.trees = read_release(
                    intake.stores.repo, intake.release
                )  # plans are against what serves
            try:
                self._record()
            except (MailserverError, OSError) as error:
                log.warning("the upgrade waits, what serves goes on serving", error=str(error))

    def finish(self) -> None:
        """Record what could not be recorded at the start; raises what still keeps it from that."""
        with self._intake.writing("finishing an upgrade"):
            self._record()

    def _record(self) -> tuple[Plan, ...]:
        """Record what is pending, and make its release; returns what was recorded."""
        plan, self.pending = self.pending, NOTHING
        if not plan.events:
            return ()
        (event,) = plan.events
        why = upgrade.reason(event)
        self._recording = True
        try:
            self._intake.record(plan.events, Cause(OURSELVES, "image", why), renders=False)
        except (MailserverError, OSError) as error:
            self.pending, self.waits = plan, str(error)
            raise
        finally:
            self._recording = False
        self.waits = ""
        if not plan.problems:
            log.info("upgrade", reason=why, detail=event.detail)
            self._intake.ensure_release()
        return (plan,)

    def _first(self, proposal: Proposal) -> Proposal:
        """Put the change of the renderer before what is about to be appended, where the log lacks it.

        That is after a start on a full volume, after another image wrote to this log meanwhile, and with
        the first change that a version can render which refused the state as it was.
        """
        intake, status = self._intake, self._intake.state.status
        if self._recording:
            return proposal
        if status.renderer_refused[:1] == (self.image.version,):
            if proposal.trees is None or proposal.trees is intake.trees or intake.release is None:
                return proposal
            plan = upgrade.changed(intake.stores.repo, status, proposal.trees, intake.release, self.image)
            return upgrade.with_change(proposal, plan)
        if self.pending is NOTHING and status.renderer not in ("", self.image.version):
            self.pending = self.look()
        events = [event for plan in self._record() for event in plan.events]
        return replace(proposal, state=fold(proposal.state, events)) if events else proposal
