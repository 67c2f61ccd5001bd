"""What another image changes: found by rendering the log again, recorded before anything else is.

The newest release is compared with what this image renders of the same position of the log. So neither what a
crash left between log and release counts as the image's work, nor a change of the state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from controlplane.errors import Corrupt, Problem
from controlplane.events import Event, RendererChanged, RendererRefused
from controlplane.fold import fold
from controlplane.git import StateRepo
from controlplane.image import Image, is_older
from controlplane.intake import plan as plans
from controlplane.intake.plan import Plan
from controlplane.intake.proposal import Proposal, render
from controlplane.intake.stored_release import read_release, without_origins
from controlplane.intake.trees import node_files, tree_id
from controlplane.model import NodeStatus, State
from controlplane.release import Release
from renderers.release import NodeTrees

NOTHING = Plan()
StateAt = Callable[[int], State]
"""The state at an earlier position of the log."""


@dataclass(frozen=True)
class Rendered:
    """A state and what this image makes of it; without trees, why it cannot."""

    state: State
    trees: NodeTrees | None
    problems: tuple[Problem, ...] = ()

    @classmethod
    def of(cls, state: State) -> Rendered:
        """Render a state."""
        return cls(state, *render(state))

    @property
    def tree(self) -> str:
        """Git's id of the rendered nodes; empty where they cannot be rendered."""
        return tree_id(node_files(self.trees)) if self.trees is not None else ""


def compare(
    repo: StateRepo, now: Rendered, position: int, at: StateAt, release: Release, image: Image
) -> Plan:
    """What this image changes on a log that ends at `position` with the state `now`.

    A plan without events says that it changes nothing; one with problems, that it cannot render.
    """
    status = now.state.status
    daemons = _differing(status, image)
    tree = now.tree
    if tree and not daemons and status.renderer == image.version and tree in (status.rendered, release.tree):
        return NOTHING  # the log says so already; where a crash came between, the release is still to be made
    if tree != release.tree and release.basis.log_position < position:
        before = Rendered.of(at(release.basis.log_position))
        if before.tree and (now.trees is not None or before.tree == release.tree):
            now, tree = before, before.tree
    old = status.renderer or release.basis.renderer
    if now.trees is None:
        return _refused(now, old, release, image)
    if tree == release.tree and old == image.version and not daemons:
        return NOTHING
    return changed(repo, status, now.trees, release, image)


def changed(repo: StateRepo, status: NodeStatus, trees: NodeTrees, release: Release, image: Image) -> Plan:
    """The plan of a change of the renderer from a release to what this image renders."""
    try:
        before = read_release(repo, release)
    except Corrupt:  # a later version's words, on the way back from it: nothing is known to be the same
        before = {}
    files, actions = plans.compare(without_origins(before), without_origins(trees))
    old, new = status.renderer or release.basis.renderer, image.version
    gone, come = _differing(status, image) or ({}, {})
    event = RendererChanged(
        node=status.node,
        old=old,
        new=new,
        newest=status.newest_renderer if is_older(new, status.newest_renderer) else "",
        files=tuple(file.path for file in files),
        actions=actions,
        daemons_before=gone,
        daemons=come,
        tree=tree_id(node_files(trees)),
    )
    return Plan(events=(event,), files=files, actions=actions, running=plans.running(trees))


def reason(event: Event) -> str:
    """Why the change was made, in words for the log."""
    if isinstance(event, RendererRefused):
        return f"Upgrade from {event.old or 'an unknown version'} to {event.new}, which cannot render"
    assert isinstance(event, RendererChanged)  # noqa: S101  # there are these two
    if event.old == event.new:
        return f"Another build of {event.new}"
    word = "Downgrade" if event.newest or is_older(event.new, event.old) else "Upgrade"
    return f"{word} from {event.old or 'an unknown version'} to {event.new}"


def with_change(proposal: Proposal, plan: Plan) -> Proposal:
    """A proposal that the change of the renderer comes with."""
    events = (*plan.events, *proposal.events)
    return replace(
        proposal, state=fold(proposal.state, plan.events), plan=replace(proposal.plan, events=events)
    )


def _refused(now: Rendered, old: str, release: Release, image: Image) -> Plan:
    told = tuple(_in_a_line(problem) for problem in now.problems)
    status = now.state.status
    event = RendererRefused(
        node=status.node, old=old, new=image.version, problems=told, serving=release.number
    )
    known = status.renderer_refused == (image.version, *told)
    return Plan(events=() if known else (event,), problems=now.problems)


def _in_a_line(problem: Problem) -> str:
    place = (
        f"{problem.path}:{problem.line}: " if problem.line else f"{problem.path}: " if problem.path else ""
    )
    return f"{place}{problem.message}" + (f"; {problem.cure}" if problem.cure else "")


def _differing(status: NodeStatus, image: Image) -> tuple[dict[str, str], dict[str, str]] | None:
    """The versions of daemons that differ, of before and of now; None where none do, or nobody knows."""
    before = dict(row.split(" ", 1) for row in status.daemons)
    now = dict(image.daemons)
    names = [name for name in before | now if before.get(name) != now.get(name)]
    if not (before and now and names):
        return None
    return (
        {name: before[name] for name in names if name in before},
        {name: now[name] for name in names if name in now},
    )
