"""What git's hooks ask: may this push pass, and it has passed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from controlplane.daemon.core import Checked, Daemon
from controlplane.daemon.ops import previews
from controlplane.daemon.ops.requests import Push
from controlplane.daemon.server import AlreadySaid
from controlplane.errors import Conflict, MailserverError, Problem, Refused
from controlplane.git import StateRepo
from controlplane.intake.accepted_pushes import Cause
from controlplane.intake.checks import pushed_history
from controlplane.intake.checks.mass_delete import OPTION as MASS_DELETE
from controlplane.intake.checks.pushed_references import HEADS, MAIN, NOTHING, meaning
from controlplane.intake.proposal import Proposal
from controlplane.model import State
from controlplane.protocol.changes import Nothing
from controlplane.words.numbers import counted
from controlplane.words.plans import event_lines, plan_lines
from controlplane.words.problems import refusal_lines
from wire.lines import Say

DRY_RUN = "dry-run"
REASON = "reason="
DEGRADED = "allow-degraded"
TOO_LATE = "somebody else's push came first: nothing of yours was changed; git pull --rebase and push again"
"""Whoever loses a race reads this; `hooks/update` has the same words for what git finds out last."""


class TooLate(Conflict):
    """The reference is not where the pusher saw it."""


@dataclass(frozen=True, slots=True)
class Options:
    """The push options (git-push(1), -o)."""

    dry_run: bool = False
    mass_delete: bool = False
    degraded: bool = False
    """Keep the release although the server does less than before."""
    reason: str = ""


def pre_receive(daemon: Daemon, request: Push, say: Say) -> Nothing:
    """Plan every update of a push and check it; raises Refused for the push as a whole."""
    try:
        return _decide(daemon, request, say)
    except MailserverError as error:
        _tell(_refusal(error), say)
        raise AlreadySaid(error) from error


def post_receive(daemon: Daemon, request: Push, say: Say) -> Nothing:
    """Take over what git has moved, and tell where it went; does not wait for the agent."""
    daemon.intake.stores.repo.flush()
    for _, new, ref in request.updates:
        daemon.intake.reservations.moved(ref)
        if ref == MAIN:
            _take_over(daemon, new, say)
            daemon.missed_post_receives.arrived(new)
        elif ref.startswith(HEADS):
            previews.follow(daemon, ref.removeprefix(HEADS), "" if new == NOTHING else new, say)
    return {}


def parse_options(given: Sequence[str]) -> Options:
    """The options of a push; raises Refused for an unknown one."""
    reason = ""
    for option in given:
        if option.startswith(REASON):
            reason = option.removeprefix(REASON).strip()
        elif option not in (DRY_RUN, MASS_DELETE, DEGRADED):
            raise Refused.because(
                f"{option!r} is not a push option", f"use {DRY_RUN}, {REASON}…, {MASS_DELETE} or {DEGRADED}"
            )
    return Options(DRY_RUN in given, MASS_DELETE in given, DEGRADED in given, reason)


def _refusal(error: MailserverError) -> list[str]:
    if isinstance(error, TooLate):
        return [f"✗ {line}" if not number else f"  {line}" for number, line in enumerate(error.args)]
    return refusal_lines(error.problems) if isinstance(error, Refused) else [f"✗ refused: {error}"]


def _decide(daemon: Daemon, request: Push, say: Say) -> Nothing:
    options = parse_options(request.options)
    if options.dry_run:
        _plan_push(daemon, request, options, say)
        raise Refused.because("dry run: nothing was changed", f"push without -o {DRY_RUN} to make it so")
    reservations, updates = daemon.intake.reservations, request.updates
    claim = reservations.claim((ref for _, _, ref in updates), request.process)
    told: list[str] = []  # kept back: the plan of a push that came too late would take back what came first
    try:
        _must_be_current(daemon, updates)
        accepted = _plan_push(daemon, request, options, told.append)
        daemon.intake.clear_locks()
        with daemon.intake.writing("letting a push pass"):
            # Nobody but git moves `main` from here on: commands wait for it (`Reservations.let_pass`).
            _must_be_current(daemon, updates)
            for commit, cause in accepted.items():
                daemon.intake.stores.accepted.remember(commit, cause)
                daemon.missed_post_receives.expect(commit)
                if options.degraded:
                    daemon.delivery.kept.add(commit)
            reservations.grant(claim, lambda: daemon.missed_post_receives.ended(accepted))
    except BaseException as error:
        reservations.release(claim)
        if not isinstance(error, TooLate):
            _tell(told, say)
        raise
    _tell(told, say)
    return {}


def _tell(lines: list[str], say: Say) -> None:
    for line in lines:
        say(line)


def _must_be_current(daemon: Daemon, updates: Sequence[tuple[str, str, str]]) -> None:
    """Raise TooLate for a push that starts from what is not there any more; git would, after our consent."""
    repo = daemon.intake.stores.repo
    for old, _, ref in updates:
        found = repo.refs.get(ref)
        if found != ("" if old == NOTHING else old):
            raise TooLate(TOO_LATE, _newest(repo, ref, found))


def _newest(repo: StateRepo, ref: str, commit: str) -> str:
    name = ref.removeprefix(HEADS)
    if not commit:
        return f"{name} is gone by now"
    try:
        info = repo.commit_info(commit)
    except MailserverError:  # a tag of its own
        return f"{name} is at {commit[:12]} by now"
    return f'{name} is at {commit[:12]} by now: "{info.message.partition(chr(10))[0]}" by {info.author.name}'


def _plan_push(daemon: Daemon, request: Push, options: Options, say: Say) -> dict[str, Cause]:
    """Look at each update and tell its plan; who and why for those of `main`. Raises Refused."""
    repo, actor = _repo_of(daemon, request), request.actor or "unknown"
    accepted: dict[str, Cause] = {}
    for old, new, ref in request.updates:
        kind = meaning(repo, old, new, ref)
        if kind == "main":
            accepted[new] = cause = _cause(repo, new, actor, options)
            _check_main(daemon, repo, ("" if old == NOTHING else old, new), cause, options, say)
        elif new != NOTHING:
            _refuse_secrets(daemon.intake.state, pushed_history.in_other_push(repo, daemon.intake.main, new))
            if kind == "branch":
                previews.show(daemon, repo, ref.removeprefix(HEADS), new, say)
    return accepted


def _check_main(
    daemon: Daemon, repo: StateRepo, move: tuple[str, str], cause: Cause, options: Options, say: Say
) -> None:
    intake, (old, new) = daemon.intake, move
    with intake.writing("planning a push"):
        intake.catch_up()
        proposal, position = intake.propose(new, repo, guard=not options.mass_delete), intake.position
        proposal.must_be_sound()
    _refuse_secrets(proposal.state, pushed_history.in_push_to_main(repo, old, new))
    checked = daemon.check(proposal)
    if checked.problems:
        raise Refused(checked.problems)
    if not options.dry_run:
        intake.keep(new, position, proposal)
    for line in [_headline(proposal, cause), *_plan(proposal), _validated(checked)]:
        if line:
            say(line)


def _refuse_secrets(state: State, found: tuple[Problem, ...]) -> None:
    if found and not state.settings.allow_cleartext_secrets:
        raise Refused(found)


def _take_over(daemon: Daemon, new: str, say: Say) -> None:
    intake = daemon.intake
    before = intake.release_number
    recorded = {each.commit: each for each in intake.catch_up()}
    daemon.delivery.poke()
    if intake.trouble:
        for line in refusal_lines(intake.trouble):
            say(line)
        return
    done = recorded.get(new) or intake.recent.get(new)
    if done is None or not done.position:
        say("✔ recorded; nothing that the server reads has changed")
    elif done.release > before or done.commit not in recorded:
        say(f"✔ change set {done.position}, release {done.release}")
        say(f"  watch it: mailctl status --wait {done.release}")
    else:
        say(f"✔ change set {done.position}; no rendered file changes")
    if done is not None and done.position:
        for line in daemon.delivery.held.notes(done.plan.files, done.position):
            say(f"  {line}")


def _cause(repo: StateRepo, commit: str, actor: str, options: Options) -> Cause:
    info = repo.commit_info(commit)
    author = info.author.name if info.author.name != actor else ""
    return Cause(actor, "push", options.reason or info.message.strip(), author)


def _headline(proposal: Proposal, cause: Cause) -> str:
    who = f"{cause.author} ({cause.actor})" if cause.author else cause.actor
    subject = cause.reason.partition("\n")[0]
    return f'► {counted(len(proposal.events), "change")} by {who}: "{subject}"'


def _plan(proposal: Proposal) -> list[str]:
    if proposal.plan.different:
        return plan_lines(proposal.plan)
    return [*event_lines(proposal.plan), "  nothing that the server reads changes"]


def _validated(checked: Checked) -> str:
    if checked.unavailable:
        return f"⚠ not checked by the daemons: {checked.unavailable}; the node checks before it applies"
    if not checked.services:
        return ""
    return f"✔ validated with {', '.join(checked.services)} ({checked.seconds:.1f} s)"


def _repo_of(daemon: Daemon, request: Push) -> StateRepo:
    folders = (Path(request.quarantine),) if request.quarantine else ()
    return daemon.intake.stores.repo.fresh(folders)
