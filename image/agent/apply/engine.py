"""Apply a release or roll back to the last good one, and report truthfully which of the two happened."""

from __future__ import annotations

import contextlib
import logging
import time
from dataclasses import dataclass
from typing import Any

from agent.apply import placing
from agent.apply.attempt import Attempt, new_id
from agent.apply.contents import VERIFY
from agent.apply.failed_part import failed_part
from agent.apply.node import Node
from agent.apply.plan import Plan, compare
from agent.apply.quarantine import Row, find_rows, make_row, put_in, take_out
from agent.apply.rescue import look_again
from agent.apply.steps import RESTORE_STEPS, STEPS, Step, probe
from agent.apply.suspect import blamed
from agent.apply.tried import was_so_before
from agent.apply.user_patches.script import SCRIPT
from agent.apply.user_patches.step import restore_touched
from agent.errors import AgentError, Corrupt, Failed, NotFound
from agent.files import staging
from agent.health.supervisor import all_running
from agent.log import log
from agent.release.git_objects import ObjectReader
from agent.release.held import Held, hold, overlay, same
from agent.release.manifest import Release
from wire.manifest import Action, Entry, Switch
from wire.outcomes import OutcomeKind

Outcome = dict[str, Any]

MOST_TRIES = 4
"""Of one release: each but the last holds more of it."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request to apply a release. `retry` also tries content that is in quarantine.

    `degraded` keeps it although the canary finds less than before: somebody wants it so.
    """

    commit: str
    number: int
    main: str = ""
    retry: bool = False
    degraded: bool = False


OLDER = (
    "release {} is older than release {}, which serves: releases only ever grow, so the state repository lost"
    " its newest ones; restore it, or let `mailctl reconcile` serve what it has"
)


def is_older(node: Node, request: Request) -> bool:
    """Whether this is a release of a state repository that lost those that came after it."""
    return request.number < node.applied.number and not request.retry


class Engine:
    """Applies one release at a time; the caller must not run two."""

    def __init__(
        self, node: Node, steps: tuple[Step, ...] = STEPS, restore_steps: tuple[Step, ...] = RESTORE_STEPS
    ) -> None:
        self.node = node
        self.steps = steps
        self.restore_steps = restore_steps
        self._written: tuple[Entry, ...] = ()

    def apply(self, request: Request, objects: ObjectReader | None = None) -> Outcome:
        """Try a release. Returns its outcome, which is durable by then; raises only what is a bug.

        `objects` is a reader that the caller goes on with.
        """
        start = time.monotonic()
        with contextlib.nullcontext(objects) if objects else self.node.open() as reader:
            outcome = self._apply(reader, request)
        self.node.settled = time.monotonic()
        outcome["seconds"] = round(self.node.settled - start, 3)
        for each in outcome.get("earlier", ()):
            self._remember(each)
        self._remember(outcome)
        return outcome

    def _apply(self, objects: ObjectReader, request: Request) -> Outcome:
        node = self.node
        if node.journal.suspended:
            return self.outcome(OutcomeKind.SUSPENDED, request, reason="releases are held back until resume")
        if is_older(node, request):
            return self.outcome(
                OutcomeKind.REJECTED, request, reason=OLDER.format(request.number, node.applied.number)
            )
        try:
            target = self._read(objects, request)
            return self._serve(objects, target, request)
        except (NotFound, Corrupt, AgentError, OSError) as error:
            return self.outcome(OutcomeKind.REJECTED, request, reason=str(error))

    def _read(self, objects: ObjectReader, request: Request) -> Release:
        """The release to apply. Raises Corrupt with what that means for the mail."""
        try:
            release = self.node.read(objects, request.commit, request.number)
        except (NotFound, Corrupt) as error:
            reason = (
                f"release {request.number} cannot be read: {error}; the last good release serves; {VERIFY}"
            )
            raise Corrupt(reason) from error
        look_again(self.node)
        return release

    def _serve(self, objects: ObjectReader, target: Release, request: Request) -> Outcome:
        """Try a release, and when part of it fails, or did before, the rest of it.

        The outcome has in `earlier` those of the tries before it that are news.
        """
        node, failed = self.node, self.node.journal.quarantine()
        before = node.applied.held.get("why", ())
        if request.retry or not node.release.commit:
            failed = []
        tried: list[Outcome] = []
        while True:
            rows = find_rows(failed, target)
            held = hold(node.release, rows)
            rest = overlay(target, held)
            moves = target.commit != node.release.commit
            ended = (
                moves and before and not {r["digest"] for r in rows}.issuperset(r["digest"] for r in before)
            )
            if rows and same(rest, node.release) and not ended and (tried or moves):
                outcome = tried.pop() if tried else self._quarantined(request, rows[-1])
                break
            outcome, row = self._attempt(objects, rest, request, held)
            if row is None or len(tried) == MOST_TRIES:
                break
            tried.append(outcome | {"digest": row["digest"]})
            failed = [*failed, row]
        known = set() if request.retry else {row["digest"] for row in before}
        return outcome | {"earlier": [each for each in tried if each["digest"] not in known]}

    def _quarantined(self, request: Request, row: Row) -> Outcome:
        where = {name: row[name] for name in ("service", "path", "line")}
        reason = f"the same content failed as release {row['number']}: {row['reason']}"
        return self.outcome(
            OutcomeKind.QUARANTINED, request, reason=reason, held=self._all_held(row), **where
        )

    def _all_held(self, row: Row | None) -> list[Row]:
        """What is held of the release that serves, and what of another one failed just now."""
        held = [dict(each) for each in self.node.applied.held.get("why", ())]
        return [*held, row] if row and row["digest"] not in {each["digest"] for each in held} else held

    def _attempt(
        self, objects: ObjectReader, target: Release, request: Request, held: Held
    ) -> tuple[Outcome, Row | None]:
        """Run one attempt. Returns its outcome, and a quarantine row where the rest is worth trying."""
        node = self.node
        again = target.commit == node.release.commit and same(target, node.release)
        # A new release heals what is known to have drifted; the same one again looks at every file.
        stale = set(node.drifted(node.release) if again else node.drift) - node.pinned
        if again:
            stale |= placing.lacking(node)
        if request.retry and node.applied.patch_failure:
            stale.add(SCRIPT)  # user-patches.sh failed and was let pass: try it once more
        if again and not stale:
            # Nothing to do: the outcome that was recorded when it was applied holds.
            return self.outcome(OutcomeKind.APPLIED, request, id=node.applied.attempt, again=True), None
        attempt = Attempt(node, objects, node.release, target, request.main, stale, held=held)
        attempt.degraded = request.degraded
        try:
            for step in self.steps:
                start = time.monotonic()
                step(attempt)
                log.debug(step.__name__, release=target.number, seconds=time.monotonic() - start)
        except Exception as error:  # noqa: BLE001  # whatever went wrong, the last good release goes back first
            return self._undo(attempt, request, as_failure(error))
        with contextlib.suppress(OSError):  # what is left is swept at the next start
            staging.finish(attempt.rows)
        self._note_drift(attempt)
        take_out(node.journal, target)
        actions = performed_actions(attempt)
        if attempt.base.commit and any(node.services.of(name).takes_mail for name in actions):
            node.actor.flush(target)
        told_of: dict[str, Any] = {"actions": actions, "observed": node.observed()}
        if attempt.kept:
            told_of["degraded"] = list(attempt.kept)
        return self.outcome(OutcomeKind.APPLIED, request, id=attempt.id, after=self._close, **told_of), None

    def _close(self) -> None:
        self.node.journal.close()

    def _note_drift(self, attempt: Attempt) -> None:
        self._written = attempt.plan.write
        healed = {entry.path for entry in attempt.plan.write}
        self.node.drift = [path for path in self.node.drift if path not in healed]

    def look_at_written(self) -> None:
        """Read what was written once, when nobody waits, so that the next look at it costs a stat(2)."""
        written, self._written = self._written, ()
        for entry in written:
            self.node.managed.matches(entry, self.node.wanted(entry))

    def _undo(self, attempt: Attempt, request: Request, failure: Failed) -> tuple[Outcome, Row | None]:
        node = self.node
        failure.reason = node.placeholders.redact(blamed(attempt, failure).reason)
        log.error(
            "attempt failed",
            release=request.number,
            service=failure.service,
            reason=failure.reason,
        )
        row = self._row(attempt, failure)
        where = {"service": failure.service, "path": failure.path, "line": failure.line}
        told_of = {**where, "id": attempt.id, "after": self._close, "held": self._all_held(row)}
        if not attempt.installed:
            with contextlib.suppress(OSError):
                staging.clean_up(attempt.rows)
            return self.outcome(OutcomeKind.REJECTED, request, reason=failure.reason, **told_of), row
        with contextlib.suppress(OSError):
            journal = attempt.journal("restoring") | {"failure": where | {"reason": failure.reason}}
            node.journal.open(journal | {"row": row})
        problem = self.restore(attempt, failure.service)
        if not problem and was_so_before(attempt):
            return self._attempt(attempt.objects, attempt.target, request, attempt.held)
        if row:
            put_in(node.journal, row)
        reason = failure.reason + (
            f"; and the last good release does not serve either: {problem}" if problem else ""
        )
        actions = performed_actions(attempt)
        outcome = self.outcome(OutcomeKind.ROLLED_BACK, request, reason=reason, actions=actions, **told_of)
        return outcome, None if problem else row

    def _row(self, attempt: Attempt, failure: Failed) -> Row | None:
        """The quarantine row of what failed; None where the release is not at fault, or is the first one."""
        node, base, target = self.node, attempt.base, attempt.target
        if not base.commit or not failure.service or failure.service in attempt.silent:
            return None
        part = failed_part(node, attempt.objects, base, target, failure)
        return make_row((base, target), part, failure, attempt.held.why, node.applied.held.get("why", ()))

    def restore(self, attempt: Attempt, failed: str) -> str:
        """Restore the old files and their services; returns what is still wrong, or ""."""
        node = self.node
        paths = [entry.path for entry in (*attempt.plan.write, *attempt.plan.remove)]
        node.managed.forget(paths)
        problems: list[str] = []
        try:
            placing.place_back(attempt)
        except (AgentError, OSError) as error:
            problems.append(str(error))
        try:
            node.put_back(attempt.rows, keep_tables=bool(attempt.base.commit))
            if attempt.runs_script or attempt.replans:
                restore_touched(attempt)
        except (AgentError, OSError) as error:
            problems.append(str(error))
        back = Attempt(node, attempt.objects, attempt.target, attempt.base, stale=set(paths))
        if not attempt.base.commit:
            return self._stop_all(attempt)
        back.plan, back.probe_all = _backwards(attempt, back, failed), True
        silent = self.serve_again(back)
        with contextlib.suppress(OSError):
            staging.restore(attempt.rows)
        return "; ".join([*problems, *([silent] if silent else [])])

    def serve_again(self, back: Attempt) -> str:
        """Repeat the restore steps until all services answer; restart one that stays silent.

        Postfix, for one, holds a service back for a minute when its process died (no SASL while Dovecot was
        away), and no reload ends that.
        """
        reason = ""
        for _ in range(len(back.target.services) + 1):
            try:
                for step in self.restore_steps:
                    step(back)
            except Exception as error:  # noqa: BLE001  # the report must be made whatever else breaks
                failure = as_failure(error)
                reason = failure.reason
                if failure.service not in back.target.services:
                    return reason
                back.plan = Plan(actions={failure.service: Action.RESTART}, starts=True)
            else:
                self.node.actor.flush(back.target)
                return ""
        return reason

    def silence(self, objects: ObjectReader) -> str:
        """Why the live release does not answer within the time of a cold start; "" where it does."""
        release = self.node.release
        attempt = Attempt(self.node, objects, release, release, probe_all=True, cold=set(release.services))
        try:
            probe(attempt)
        except AgentError as error:
            return as_failure(error).reason
        return ""

    def _stop_all(self, attempt: Attempt) -> str:
        """The very first release failed: nothing to go back to, so nothing is left half running."""
        try:
            for service in reversed(list(attempt.target.services.values())):
                if not self.node.services.of(service.name).always_runs:
                    for name in reversed(service.programs):
                        self.node.actor.programs.stop(name)
        except AgentError as error:
            return str(error)
        return ""

    def outcome(self, kind: OutcomeKind, request: Request, **fields: Any) -> Outcome:
        """Build an outcome in the form that the daemon reads."""
        serving = self.node.applied
        base: Outcome = {"id": new_id(), "outcome": kind, "release": request.number, "commit": request.commit}
        base |= {
            "at": round(time.time(), 3),
            "seconds": 0.0,
            "actions": {},
            "service": "",
            "reason": "",
            "path": "",
            "line": 0,
        }
        base |= {"serving": serving.number, "serving_commit": serving.commit} | fields
        base.setdefault("held", list(serving.held.get("why", ())))
        return base | {"reason": self.node.placeholders.redact(str(base["reason"]))}

    def _remember(self, outcome: Outcome) -> None:
        after, again = outcome.pop("after", None), outcome.pop("again", False)
        good = outcome["outcome"] == OutcomeKind.APPLIED
        try:
            if outcome["outcome"] != OutcomeKind.SUSPENDED and not again:
                self.node.journal.add_outcome(outcome)
                if not good or self.node.journal.failure():
                    self.node.journal.set_failure(None if good else outcome)
            if after:
                after()
        except OSError as error:
            # On a full disk the outcome still reaches the daemon as the answer; the journal stays.
            log.warning("outcome not kept", release=outcome["release"], reason=error)
        if not again:
            words = {
                k: outcome[k] for k in ("release", "seconds", "service", "reason", "serving") if outcome[k]
            }
            log.log(logging.INFO if good else logging.ERROR, outcome["outcome"], **words)


def performed_actions(attempt: Attempt) -> dict[str, Action | Switch]:
    """The action that was performed on each service."""
    return {
        **attempt.plan.actions,
        **{name: Switch.START for name in attempt.cold if name not in attempt.plan.actions},
    }


def as_failure(error: Exception) -> Failed:
    """Convert any error to a Failed; its service is "" where no service is at fault."""
    if isinstance(error, Failed):
        return error
    if isinstance(error, AgentError | OSError):
        return Failed("", str(error))
    return Failed("", f"{type(error).__name__}: {error}")


def _backwards(attempt: Attempt, back: Attempt, failed: str) -> Plan:
    """The plan of a rollback: repeat each service's action, start programs that died.

    The service that failed is restarted: it does not answer, so there is nothing that a reload would spare,
    and a reload that hung or was half done is not to be trusted with another one.
    """
    plan = compare(attempt.target, attempt.base, attempt.content, back.stale)
    actions = {**plan.actions, **attempt.plan.actions}
    if failed in back.target.services:
        names = back.target.services[failed].programs
        # One that died is being started by supervisor with the good files already: a stop in the middle of
        # a start can go unheard until supervisor kills it ten seconds later.
        actions[failed] = Action.RESTART if all_running(back.node.actor.programs, names) else Action.NONE
    known = {
        n: action for n, action in actions.items() if n in back.target.services and action != Action.NONE
    }
    return Plan(actions=known, stop=plan.stop, starts=True)
