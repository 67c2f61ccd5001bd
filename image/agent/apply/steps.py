"""The steps of one attempt to apply a release: an ordered list of small functions of one signature.

Until `install` nothing that a service reads has changed, so a failure there is a rejection. From `install` on
a failure puts the old files back by the same steps (`RESTORE_STEPS`). The journal is on disk before `stage`,
so a killed agent finds out at its next start how far it came (recovery.py).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from functools import partial

from agent.apply import placing
from agent.apply.attempt import Attempt
from agent.apply.mounted_maps import compile_mounted
from agent.apply.plan import compare
from agent.apply.tried import know_before, try_canary
from agent.apply.user_patches.step import patch, prepare
from agent.apply.writing import write
from agent.concurrently import meanwhile
from agent.errors import Failed, Invalid
from agent.files import staging
from agent.files.compilers import renew_sieve
from agent.files.mail_owner import own
from agent.files.managed import mount_points, pinned
from agent.files.staging import placements
from agent.health.logs import failed
from agent.health.probes import Answer
from agent.health.supervisor import has_died
from agent.log import log
from agent.records.journal import Applied
from agent.release.manifest import ServiceEntry
from wire.manifest import Action, Compile

WHILE_RESTORING = 2.5
"""Short, since a silent one is then restarted."""
GRACE_WHEN_ENABLED = 6.0
"""Seconds that other changes wait for a slow service that did not run before.

After that, while it lives, it counts as starting: status says so, and mail is deferred until it answers.
"""


Step = Callable[[Attempt], None]


def compare_releases(attempt: Attempt) -> None:
    """Plan: what differs from the release that serves, and what it asks of each service."""
    node, target = attempt.node, attempt.target
    prepare(attempt)
    plan = compare(attempt.base, target, attempt.content, attempt.stale)
    held = pinned(node.paths.root, (*plan.write, *plan.remove), mount_points(node.paths.root))
    node.pinned = (node.pinned & target.files.keys()) | held
    if held:  # what does not change needs no action either
        plan = compare(attempt.base, target, attempt.content, attempt.stale, held)
    changed = [e.path for e in plan.write if e.path in attempt.base.files]
    attempt.plan = replace(plan, starts=plan.starts or bool(attempt.stale))
    # Recorded before it is overwritten: files that somebody changed by hand since they were written.
    base = attempt.base.files
    node.drift = [p for p in changed if not node.matches(base[p])]


def fill(attempt: Attempt) -> None:
    """Verify that every placeholder of the changed files can be replaced. Raises Invalid."""
    if problems := attempt.node.contents.unresolved(attempt.objects, attempt.plan.write):
        raise Invalid(problems)


def check(attempt: Attempt) -> None:
    """Run the services' checkers, and meanwhile probe the services as they serve now."""
    looking = threading.Thread(target=_look, args=(attempt,), daemon=True)
    looking.start()
    try:
        _check(attempt)
    finally:
        looking.join()


def _look(attempt: Attempt) -> None:
    """Probe patiently: a restart drops sessions, and a machine that stalls is no silent service."""
    node = attempt.node
    know_before(attempt)
    for name, action in attempt.plan.actions.items():
        fixed = node.services.of(name)
        if fixed.throttles_restarts and action == Action.RELOAD and name in attempt.base.services:
            service = attempt.base.services[name]
            died = partial(has_died, node.actor.programs, service.programs)
            answers = node.prober(
                node.probes(service), node.paths.root, node.clock() + fixed.patience.reload, died
            )
            if not all(answer.ok or answer.temporary for answer in answers):
                attempt.silent.add(name)


def _check(attempt: Attempt) -> None:
    """Run the checkers where needed. A map without an action is checked by compiling it in `stage`.

    A renewed pair was checked when it was read, and no checker looks into it.
    """
    base = attempt.base.files
    if not placing.differs(attempt.base, attempt.target) and not any(
        entry.action != Action.NONE and not (entry.slot and entry.path in base)
        for entry in attempt.plan.write
    ):
        return
    problems = attempt.node.check(attempt.objects, attempt.base, attempt.target)
    if problems:
        raise Invalid([replace(p, message=attempt.node.placeholders.redact(p.message)) for p in problems])


def record(attempt: Attempt) -> None:
    """Journal what is about to happen."""
    attempt.rows = placements(attempt.node.paths.root, attempt.plan.write, attempt.plan.remove)
    attempt.node.journal.open(attempt.journal("applying"))


def stage(attempt: Attempt) -> None:
    """Write and compile every changed file beside its target, and keep the old ones.

    Compilers run beside the rest, which takes as long where there are many accounts.
    """
    renewed, scratch = _renews_scripts(attempt), attempt.node.paths.run
    compiled, known, others = [], {}, []
    attempt.staged.clear()
    for entry in attempt.plan.write:
        if not entry.compile:
            others.append(entry)
            continue
        staged = write(attempt, entry)
        if entry.compile == Compile.SIEVE and renewed:
            # The live configuration, in a new container Debian's, may not know the script's extensions.
            staging.product(staged.aside, entry.compile).touch()
        else:
            compiled.append((staged.aside, entry.compile, entry.services[0]))
            if staged.regions is not None:
                known[staged.aside] = staged.differing()
    compile_all = partial(attempt.node.compiler, compiled, scratch, known)
    with meanwhile(compile_all) if compiled else nullcontext():
        for entry in others:
            write(attempt, entry)
        staging.keep(attempt.rows)
    attempt.tables = placing.compile_tables(
        attempt.node.compiler, scratch, attempt.plan.place, attempt.content
    )


def place(attempt: Attempt) -> None:
    """Bring files of the config volume to the release, before anything that names them is installed."""
    attempt.installed = True
    placing.place(attempt.node, attempt.objects, attempt.plan.place, attempt.target, attempt.tables)


def install(attempt: Attempt) -> None:
    """Rename the staged files in."""
    attempt.installed = True
    attempt.node.managed.forget(entry.path for entry in (*attempt.plan.write, *attempt.plan.remove))
    attempt.node.announce(attempt.staged)
    written = [(staged.entry, staged.aside.lstat()) for staged in attempt.staged]
    staging.install(attempt.rows)
    for entry, found in written:
        attempt.node.managed.learn(entry.path, attempt.node.wanted(entry), found)


def renew_scripts(attempt: Attempt) -> None:
    """Compile Sieve scripts in their places: the changed ones, or all where the configuration changed."""
    entries = attempt.target.files.values() if _renews_scripts(attempt) else attempt.plan.write
    for entry in entries:
        if entry.compile == Compile.SIEVE and entry.path not in attempt.node.pinned:
            renew_sieve(attempt.node.paths.target(entry.path), entry.services[0])


def _renews_scripts(attempt: Attempt) -> bool:
    scripts = [entry for entry in attempt.target.files.values() if entry.compile == Compile.SIEVE]
    names = {attempt.node.services.of(name).config for entry in scripts for name in entry.services}
    folders = tuple(f"{folder}/" for folder in names if folder)
    return any(e.path.startswith(folders) and e.action != Action.NONE for e in attempt.plan.write)


def own_mail(attempt: Attempt) -> None:
    """Give the mail to the ids that deliveries run with."""
    own(attempt.node.paths.mail, attempt.target.mail_owner, attempt.node.paths.root)


def act(attempt: Attempt) -> None:
    """Start, stop, reload or restart, only where needed and only as hard as needed.

    A service that was silent before is restarted: no reload ends that (`throttles_restarts`).
    """
    restarts = dict.fromkeys(attempt.silent & attempt.plan.actions.keys(), Action.RESTART)
    attempt.plan = plan = replace(attempt.plan, actions={**attempt.plan.actions, **restarts})
    if plan.actions or plan.stop or plan.starts:
        attempt.mark = attempt.node.mark()
        attempt.cold = attempt.node.actor.act(plan, attempt.target)


def probe(attempt: Attempt) -> None:
    """Probe every service that was acted on. Raises Failed for one that does not answer."""
    touched = set(attempt.target.services) if attempt.probe_all else attempt.plan.touched | attempt.cold
    probes = {
        s.name: attempt.node.probes(s, True) for s in attempt.target.services.values() if s.name in touched
    }
    start = attempt.node.clock()
    for service in attempt.target.services.values():
        if service.name not in touched:
            continue
        slow = attempt.node.services.of(service.name).patience.slow
        new = slow and service.name not in attempt.base.services
        if new and not attempt.base.commit:
            attempt.starting = True  # on the first start nothing waits for a slow one but the ready line
            continue
        seconds = GRACE_WHEN_ENABLED if new else _seconds(attempt, service.name)
        died = partial(_hopeless, attempt, service)
        answers = attempt.node.prober(probes[service.name], attempt.node.paths.root, start + seconds, died)
        # What is behind a filter that still starts says "later", which is no fault of its own.
        silent = [answer for answer in answers if not (answer.ok or (attempt.starting and answer.temporary))]
        if silent and new and not died():
            log.info("still starting", service=service.name, silent=silent[0].name)
            attempt.starting = True
            continue
        if silent:
            raise _silence(attempt, service.name, silent[0], seconds)
        if service.name not in attempt.cold and (text := attempt.mark.refused_reload(service.name)):
            raise failed(service.name, f"{service.name} did not take over its configuration", text)


def _hopeless(attempt: Attempt, service: ServiceEntry) -> bool:
    """Whether waiting is pointless: a program ended, or logged a fatal error."""
    return has_died(attempt.node.actor.programs, service.programs) or attempt.mark.fatal(service.name)


def _seconds(attempt: Attempt, service: str) -> float:
    cold = service in attempt.cold
    if attempt.probe_all and not cold:
        return WHILE_RESTORING
    patience = attempt.node.services.of(service).patience
    seconds = patience.reload
    if cold:
        seconds = patience.restart if attempt.base.commit else patience.start
    return seconds + (GRACE_WHEN_ENABLED if attempt.starting else 0.0)


def _silence(attempt: Attempt, service: str, answer: Answer, seconds: float) -> Failed:
    how = "its start" if service in attempt.cold else "reload"
    complaint = attempt.mark.complaint(service)
    reason = f"{service} did not answer on {answer.name} within {seconds:.0f} s after {how}"
    log_of = attempt.node.services.of(service).log
    entry = attempt.target.files.get(log_of.parameters) if log_of else None
    text = attempt.content(entry).decode("utf-8", "replace") if entry else ""
    return failed(service, reason, complaint or answer.detail, (entry.path if entry else "", text))


def settle(attempt: Attempt) -> None:
    """Wait until what the files said before is not remembered any more, for a second at most."""
    attempt.node.settle_announced()


def commit(attempt: Attempt) -> None:
    """Record the target as the release to roll back to."""
    target = attempt.target
    applied = Applied(
        target.commit,
        target.number,
        attempt.main,
        attempt.id,
        attempt.patched,
        attempt.patch_failure,
        attempt.held.as_dict(),
    )
    attempt.node.journal.set_applied(applied)  # may fail on a full disk: then the old one still counts
    attempt.node.applied = applied
    attempt.node.release = target
    if attempt.report:
        attempt.node.watch.keep(attempt.report, attempt.kept)
    attempt.node.unmanaged_files.settle()


STEPS: tuple[Step, ...] = (
    compare_releases,
    fill,
    check,
    record,
    stage,
    place,
    install,
    compile_mounted,
    patch,
    renew_scripts,
    own_mail,
    act,
    probe,
    try_canary,
    settle,
    commit,
)
"""What an apply does, in this order."""

RESTORE_STEPS: tuple[Step, ...] = (own_mail, act, probe, settle)
"""What follows when the old files are back in their places."""
