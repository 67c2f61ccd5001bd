"""Run user-patches.sh on freshly rendered files, and record its effect on managed files.

Before each run every managed file is put back as rendered, so what the script appends or substitutes never
adds up. What it then made of managed files is intended: it is recorded with the applied release, is no drift,
and decides, with what the release changed, which services are reloaded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from agent.apply.attempt import Attempt
from agent.apply.node import Node
from agent.apply.user_patches.script import SCRIPT, VARIABLES, Result, read_variables
from agent.errors import Failed
from agent.files import staging
from agent.files.compilers import last_line, renew_sieve
from agent.files.managed import fingerprint_of
from agent.health.processes import children
from agent.log import log
from agent.release.manifest import Release
from wire.actions import action_of, harder
from wire.manifest import TABLES, Action, Compile, Entry

CHECK_DEADLINE = 20.0


def prepare(attempt: Attempt) -> None:
    """Decide whether the script runs, and have what it changed last time put back as rendered."""
    node, base, target = attempt.node, attempt.base, attempt.target
    there = SCRIPT in target.files
    attempt.runs_script = there and (
        not base.commit
        or bool(attempt.stale)
        or any(_concerns(node, *pair) for pair in _changed(base, target))
    )
    if attempt.runs_script or ((node.applied.patched or node.unmanaged_files.has_effect) and not there):
        attempt.stale |= node.differing(target) - node.pinned
        attempt.replans = True
    attempt.forked = _forked(attempt) if attempt.runs_script else {}


def prepare_start(attempt: Attempt) -> set[str]:
    """The same when the agent starts: once a start of the container, and where a run was cut short."""
    node, target = attempt.node, attempt.target
    off = [
        path for path in node.applied.patched if path in target.files and not node.matches(target.files[path])
    ]
    attempt.runs_script = SCRIPT in target.files and bool(off or not _mark(node).exists())
    attempt.replans = SCRIPT not in target.files and node.unmanaged_files.has_effect
    return node.differing(target) if attempt.runs_script else set()


def _changed(base: Release, target: Release) -> Iterable[tuple[Entry | None, Entry | None]]:
    for path in base.files.keys() | target.files.keys():
        old, new = base.files.get(path), target.files.get(path)
        if old != new:
            yield old, new


def _concerns(node: Node, old: Entry | None, new: Entry | None) -> bool:
    """Whether a change is one to run the script for: accounts and tables that it leaves alone are not."""
    return any(
        e is not None and (e.action != Action.NONE or e.path in node.applied.patched) for e in (old, new)
    )


def patch(attempt: Attempt) -> None:
    """Run the script on the files in place, see what it did, and plan by what differs in total."""
    attempt.patched = dict(attempt.node.applied.patched)
    attempt.patch_failure = attempt.node.applied.patch_failure
    around, managed = attempt.node.unmanaged_files, attempt.target.files
    if attempt.runs_script:
        _begin(attempt)
        result = _run(attempt)
        attempt.around = around.learn(managed)
        attempt.patched = _effect(attempt)
        attempt.patch_failure = result.failure
        _judge(attempt, result)
        _mark(attempt.node).touch()
    elif attempt.replans:
        _begin(attempt)
        attempt.around = around.learn(managed)
        attempt.patched, attempt.patch_failure = {}, ""
    if attempt.runs_script or attempt.replans:
        attempt.plan = replace(attempt.plan, actions=_actions(attempt))


def _begin(attempt: Attempt) -> None:
    """Undo the last run. Managed files go with it where it had put a link in the place of their folder."""
    node = attempt.node
    node.unmanaged_files.begin(attempt.target.files, attempt.base.files)
    for path in sorted(node.differing(attempt.target) - node.pinned - node.unknown):
        place_one(attempt, attempt.target.files[path])


def _run(attempt: Attempt) -> Result:
    node, files = attempt.node, attempt.target.files
    script = node.paths.target(SCRIPT)
    if attempt.main:
        try:
            node.project(attempt.objects, attempt.main)
        except OSError as error:
            log.warning("config volume not written", reason=error)
    there = node.paths.volume / "user-patches.sh"
    try:  # under its own name where that is the same text, for scripts that look for what lies beside them
        script = there if there.read_bytes() == script.read_bytes() else script
        variables = read_variables(node.paths.target(VARIABLES).read_bytes()) if VARIABLES in files else {}
    except OSError:
        variables = {}
    result = node.script(script, variables, node.placeholders.redact)
    log.info("user-patches.sh", failure=result.failure or "none")
    return result


def _effect(attempt: Attempt) -> dict[str, str]:
    """What the script made of managed files; its maps and Sieve scripts are compiled again."""
    node, files = attempt.node, attempt.target.files
    found = {
        path: node.managed.fingerprint(path) for path in sorted(node.differing(attempt.target) - node.pinned)
    }
    for path in (path for path, there in found.items() if there):
        _make_good(node, files[path])
    return found


def _make_good(node: Node, entry: Entry) -> None:
    target = node.paths.target(entry.path)
    if entry.compile in TABLES:
        aside = staging.stage(node.paths.root, entry, target.read_bytes())
        node.compiler([(aside, entry.compile, entry.services[0])], node.paths.run)
        staging.product(aside, entry.compile).replace(staging.product(target, entry.compile))
        aside.unlink()
    elif entry.compile == Compile.SIEVE:
        renew_sieve(target, entry.services[0])
    elif entry.action != Action.NONE:
        staging.cool(target)


def _judge(attempt: Attempt, result: Result) -> None:
    """Raise Failed where the release goes back: a failure that is new, or files that a service refuses.

    At a start, and with nothing to go back to, the server serves all the same: with what the script did, or
    without where a service refuses that.
    """
    refused = _refusals(attempt)
    known = (
        bool(attempt.node.applied.patch_failure)
        and attempt.base.files.get(SCRIPT) == attempt.target.files[SCRIPT]
    )
    lenient = not attempt.base.commit
    if result.failure and not (known or lenient):
        raise Failed(attempt.target.files[SCRIPT].services[0], result.failure, SCRIPT, result.line)
    for service, complaint in refused.items():
        reason = f"user-patches.sh leaves files that {service} refuses: {complaint}"
        if not lenient:
            raise Failed(attempt.target.files[SCRIPT].services[0], reason, SCRIPT)
        attempt.patch_failure = attempt.patch_failure or reason
        _put_back(attempt, service)
    if attempt.patch_failure:
        log.warning("user-patches.sh failed, and the server goes on", reason=attempt.patch_failure)


def _refusals(attempt: Attempt) -> dict[str, str]:
    files = attempt.target.files
    names = {service for path in attempt.patched for service in files[path].services}
    found = {}
    for name in sorted(names & attempt.target.services.keys()):
        if command := attempt.node.services.of(name).check_live:
            ran = attempt.node.actor.runner(command, CHECK_DEADLINE)
            if ran.code:
                found[name] = last_line(ran.output)
    return found


def _put_back(attempt: Attempt, service: str) -> None:
    """A service's files as rendered again."""
    files = attempt.target.files
    for path in [path for path in attempt.patched if service in files[path].services]:
        place_one(attempt, files[path])
        del attempt.patched[path]


def place_one(attempt: Attempt, entry: Entry) -> None:
    """Put one file, and what is compiled of it, in its place as rendered."""
    node = attempt.node
    rows = staging.placements(node.paths.root, [entry], ())
    aside = staging.stage(node.paths.root, entry, attempt.content(entry))
    if entry.compile:
        node.compiler([(aside, entry.compile, entry.services[0])], node.paths.run)
    staging.install(rows)
    node.managed.forget([entry.path])


def restore_touched(attempt: Attempt) -> None:
    """After the old files are back: also those that only the script had changed."""
    node = attempt.node
    node.unmanaged_files.undo()
    for path, entry in attempt.base.files.items():
        if path not in node.pinned and path not in node.applied.patched and not node.matches(entry):
            place_one(attempt, entry)


def _actions(attempt: Attempt) -> dict[str, Action]:
    """What each service needs, by what it read before and what lies there now."""
    actions: dict[str, Action] = {}
    base, target = attempt.base.files, attempt.target.files
    for path in base.keys() | target.keys():
        if path in attempt.node.pinned or not _differs(attempt, path):
            continue
        entry = target.get(path) or base[path]
        need = _need(attempt, base.get(path), entry)
        for service in entry.services:
            actions[service] = harder(actions.get(service, Action.NONE), need)
    for path in attempt.around:
        for reader in attempt.node.services:
            if path.startswith(reader.reads):
                actions[reader.name] = harder(actions.get(reader.name, Action.NONE), Action.RELOAD)
    for name, now in _forked(attempt).items():
        if attempt.forked.get(name) and now - attempt.forked[name]:
            # Started while the script had not come to their files yet.
            actions[name] = harder(actions.get(name, Action.NONE), Action.RELOAD)
    services = attempt.target.services
    return {name: action for name, action in actions.items() if action != Action.NONE and name in services}


def _differs(attempt: Attempt, path: str) -> bool:
    node = attempt.node
    old, new = attempt.base.files.get(path), attempt.target.files.get(path)
    if path in node.drift or old is None or new is None or old.owner != new.owner:
        return True
    before = node.applied.patched.get(path) or fingerprint_of(old.mode, node.wanted(old))
    return before != (attempt.patched.get(path) or fingerprint_of(new.mode, node.wanted(new)))


def _need(attempt: Attempt, old: Entry | None, entry: Entry) -> Action:
    if old is None or not entry.restart_on:
        return entry.action
    target = attempt.node.paths.target(entry.path)
    kept = staging.beside(target, staging.KEPT)
    before = kept.read_bytes() if kept.exists() else attempt.content(old)
    return action_of(entry.action, entry.restart_on, before, target.read_bytes())


def _forked(attempt: Attempt) -> dict[str, set[int]]:
    """The processes of each service that forks on demand; none where it does not run."""
    node = attempt.node
    names = [s for s in attempt.target.services.values() if node.services.of(s.name).forks_on_demand]
    try:
        states = node.actor.programs.states() if names else {}
    except OSError:
        return {}
    pids = {service.name: states.get(service.programs[0], ("", 0, 0))[2] for service in names}
    return {name: set(children(pid)) if pid else set() for name, pid in pids.items()}


def _mark(node: Node) -> Path:
    """A file that exists once the script has run since the container started, which clears the folder."""
    return node.paths.run / "patched"
