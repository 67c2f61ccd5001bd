"""From the files of `main` to what they would change: parse, check, diff, fold, render. Writes nothing."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import controlplane
from controlplane.errors import Problem, Refused
from controlplane.events import Event
from controlplane.fold import fold
from controlplane.intake import plan as plans
from controlplane.intake.checks import (
    clear_texts,
    references,
    sealed_texts,
    spoilt_files,
    tree_policy,
    unread_files,
    weak_hashes,
)
from controlplane.intake.checks.code_execution import marks
from controlplane.intake.checks.mass_delete import mass_deletions
from controlplane.intake.checks.secrets_in_clear import CleanTexts
from controlplane.intake.checks.warnings import covered, warnings
from controlplane.intake.diff import diff
from controlplane.intake.plan import Notice, Plan
from controlplane.intake.sealer import Sealer
from controlplane.intake.trees import Files
from controlplane.model import Desired, State, count_on
from controlplane.ordered import comparing_once
from controlplane.secrets import RECIPIENT
from controlplane.settings import ENV_FILE
from controlplane.settings.constraints import contradictions
from controlplane.statefiles import env_file
from controlplane.statefiles.tree import ParseCache, read_tree
from controlplane.statefiles.treefile import CONFIG, TreeFile
from renderers import release as nodes
from renderers.release import NodeTrees
from renderers.service import Complaint

SETTING_NAME = re.compile(r"[A-Z][A-Z0-9]*_[A-Z0-9_]+")


@dataclass(frozen=True)
class Known:
    """What the last proposals found out about files that did not change since."""

    parsed: ParseCache = field(default_factory=ParseCache)
    clean: CleanTexts = field(default_factory=CleanTexts)
    pair: list[Desired] = field(default_factory=list)
    misplaced: list[Notice] = field(default_factory=list)
    """What `main` has outside config/ and nothing reads: it is told once."""
    files: dict[str, TreeFile] = field(default_factory=dict)
    """The files of the last proposal that became the state."""

    def accept(self, proposal: Proposal) -> None:
        """The proposal became the state."""
        self.pair.clear()
        self.misplaced[:] = unread_files.misplaced(proposal.files)
        self.files.clear()
        self.files.update(proposal.files)
        if proposal.written is not None:
            desired = proposal.state.desired
            self.pair.extend([desired, self.parsed.share(desired, proposal.written)])

    def changed(self, files: Files) -> Files:
        """Those of these files that are not what the state was read from."""
        return {path: file for path, file in files.items() if self.files.get(path) is not file}

    def as_written(self, desired: Desired) -> Desired:
        """The same as `desired` in the order of the files that it was read from, if they are known.

        Rows of files that did not change are the same objects then, and stand in the same order.
        """
        return self.pair[1] if self.pair and self.pair[0] is desired else desired


@dataclass(frozen=True)
class Proposal:
    """A change that could be made. With problems in its plan it must not be; `trees` is None then."""

    state: State
    trees: NodeTrees | None
    plan: Plan
    files: Files = field(default_factory=dict)
    """The files of `main` that it comes from, to locate lines in them."""
    written: Desired | None = None
    """What the files say, in their own order; `state` has the same, in the order of the events."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems that refuse it."""
        return self.plan.problems

    @property
    def events(self) -> tuple[Event, ...]:
        """The events of the change set that it would become."""
        return self.plan.events

    def must_be_sound(self) -> Proposal:
        """The proposal itself; raises Refused if it has problems."""
        if self.problems:
            raise Refused(self.problems)
        return self


@comparing_once()
def propose_files(
    state: State,
    trees: NodeTrees | None,
    files: Files,
    *,
    known: Known | None = None,
    guard: bool = True,
    first: Iterable[Event] = (),
    sealer: Sealer | None = None,
    cleartext: bool = False,
) -> Proposal:
    """What `main` with these files would change in `state`, whose rendering is `trees`.

    `guard` refuses the removal of most accounts, aliases and the like; `first` are events to fold before.
    `sealer` can tell what the server will not open. `cleartext` stands for files that never get into a
    repository.
    """
    known = known or Known()
    foul = tuple(_unparsed_problems(state, files, sealer, cleartext, known))
    known.clean.keep_only(files)
    desired, problems = read_tree(files, known.parsed)
    problems = tuple(dict.fromkeys([*foul, *problems]))
    changed = _changed_overrides(state, desired)
    if problems := _by_cause(problems, spoilt_files.find(files, [*(p.path for p in problems), *changed])):
        return _refused(state, problems)
    before = known.as_written(state.desired)
    count_on(before, desired)
    hosts = (state.settings.hostname, state.settings.domainname)
    findings = references.check(desired, files, before, hosts)
    massive = mass_deletions(before, desired) if guard else ()
    if problems := (*findings.problems, *massive):
        return _refused(state, problems)
    misplaced = unread_files.misplaced(files)
    notices = tuple(map(_noticed, findings.warnings))
    notices += tuple(notice for notice in misplaced if notice not in known.misplaced)
    if not cleartext and _takes_clear_text(state, files):
        notices += clear_texts.allowed(files, known.clean.find)
    events = (*first, *diff(before, desired))
    proposal = replace(propose_events(state, trees, events, notices), files=files, written=desired)
    wrong = _contradictions(proposal, state)
    return proposal if not wrong else _refused(state, (*wrong, *proposal.problems))


def _changed_overrides(state: State, desired: Desired) -> list[str]:
    """The files kept verbatim that differ from those that serve: what serves is not judged again."""
    before = state.desired.overrides
    return [CONFIG + name for name, now in desired.overrides.items() if before.get(name) != now]


def _by_cause(problems: Iterable[Problem], spoilt: Mapping[str, list[Problem]]) -> tuple[Problem, ...]:
    """The problems, where those of a spoilt file give way to the one that is their cause."""
    causes = [cause for told in spoilt.values() for cause in told]
    return (*causes, *(problem for problem in problems if problem.path not in spoilt))


def _unparsed_problems(
    state: State, files: Files, sealer: Sealer | None, cleartext: bool, known: Known
) -> Iterator[Problem]:
    """Problems of the files as such: what no tree may hold, and sealed texts that are of no use."""
    find = partial(clear_texts.new_in_clear, state, known.clean.find)
    yield from tree_policy.check(files, cleartext or _cleartext_pinned(state), find)
    yield from sealed_texts.misplaced(files)
    if sealer is not None:
        yield from sealed_texts.unopenable(known.changed(files), state, sealer.fault)
        if RECIPIENT in files:
            yield from sealed_texts.recipient_changed(files, state, sealer.recipient)


def _takes_clear_text(state: State, files: Files) -> bool:
    """Whether ALLOW_CLEARTEXT_SECRETS is in effect: pinned by the environment, else as these files say."""
    pinned = _cleartext_pinned(state)
    return tree_policy.takes_clear_text(files) if pinned is None else pinned


def _contradictions(proposal: Proposal, before: State) -> tuple[Problem, ...]:
    """Settings that contradict each other since this change; older contradictions must not block it."""
    old = {problem.message for problem in contradictions(before.settings)}
    found = contradictions(proposal.state.settings)
    return tuple(_placed(problem, proposal.files) for problem in found if problem.message not in old)


def _placed(problem: Problem, files: Files) -> Problem:
    """The problem, placed at the last line that sets one of the settings it names."""
    file = files.get(ENV_FILE)
    text = file.content.decode("utf-8", "replace") if file else ""
    lines = [env_file.line_of(text, name) for name in SETTING_NAME.findall(problem.message)]
    return replace(problem, line=max(lines, default=0))


@comparing_once()
def propose_events(
    state: State, trees: NodeTrees | None, events: tuple[Event, ...], told: tuple[Notice, ...] = ()
) -> Proposal:
    """What these events would change; rendering may find problems."""
    after = fold(state, events)
    new, problems = render(after, trees)
    if new is None or problems:
        return Proposal(after, None, Plan(events=events, problems=problems))
    files, actions = plans.compare(trees, new)
    return Proposal(
        after,
        new,
        Plan(
            events=events,
            files=files,
            actions=actions,
            running=plans.running(new),
            warnings=(
                *warnings(after, events),
                *marks(state.desired.overrides, events),
                *unread_files.notices(after.desired, events),
                *weak_hashes.notices(after.desired, events),
                *covered(after, (file.path for file in files)),
                *map(_noticed, map(_problem, nodes.notices(state, after))),
                *told,
            ),
        ),
    )


def _noticed(problem: Problem) -> Notice:
    """A problem that refuses nothing, with its cure."""
    place = f"{problem.path}:{problem.line}" if problem.line else problem.path
    mark = " " if problem.message.endswith("?") else "; "
    return Notice(place, f"{problem.message}{mark}{problem.cure}" if problem.cure else problem.message)


def _problem(complaint: Complaint) -> Problem:
    return Problem(complaint.path, complaint.line, complaint.message, complaint.cure)


def _refused(state: State, problems: tuple[Problem, ...]) -> Proposal:
    return Proposal(state, None, Plan(problems=problems))


def _cleartext_pinned(state: State) -> bool | None:
    pin = state.observed.pins.get("ALLOW_CLEARTEXT_SECRETS")
    return None if pin is None else pin.value == "1"


def render(state: State, known: NodeTrees | None = None) -> tuple[NodeTrees | None, tuple[Problem, ...]]:
    """Every node rendered, or the problems that keep one from being rendered.

    `known` is what this gave for an earlier state; it only saves time.
    """
    known = known or {}
    try:
        refused = [each for node in state.nodes for each in nodes.complaints(state, node, known.get(node))]
        if refused:
            return None, tuple(map(_problem, dict.fromkeys(refused)))
        return {node: nodes.render(state, node, known.get(node)) for node in state.nodes}, ()
    except Refused as refused:
        return None, refused.problems
    except Exception as bug:  # noqa: BLE001  # a renderer's bug must not take the whole control plane away
        return None, (_failed(bug),)


def _failed(bug: Exception) -> Problem:
    """A renderer's own failure, without its text, which may hold whatever it was about to render."""
    last = traceback.extract_tb(bug.__traceback__)[-1]
    where = f"{Path(last.filename).name}:{last.lineno}"
    message = f"version {controlplane.__version__} fails to render this: {type(bug).__name__} at {where}"
    return Problem("", 0, message, "it is a bug: go on with the version before, and report it")
