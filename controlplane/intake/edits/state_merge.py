"""Three-way merge of states, thing by thing: as it was, as a change made it, as it is now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

from controlplane.errors import Conflict
from controlplane.git import merge_file
from controlplane.model import Account, Alias, Desired, Master, Override, RegexpAlias
from controlplane.ordered import START, OrderedDraft, placements


class Clash(NamedTuple):
    """A thing (its part of a state, its name) that is neither as it was nor as the change made it."""

    part: str
    name: str


def undo(before: Desired, after: Desired, now: Desired) -> tuple[Desired, tuple[Clash, ...]]:
    """`now` without the change from `before` to `after`; clashes stay as they are now and are returned."""
    merge = _Merge()
    parts = {
        part.name: merge.part(part.name, *(getattr(each, part.name) for each in (before, after, now)))
        for part in fields(Desired)
    }
    return replace(now, **parts), tuple(merge.clashes)


_ORDERED = ("accounts", "regexps")


@dataclass
class _Merge:
    clashes: list[Clash] = field(default_factory=list)

    def part(
        self, part: str, before: Mapping[str, Any], after: Mapping[str, Any], now: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        if before is after:
            return now
        wanted, back = dict(now), set[str]()
        for name in {**after, **before}:
            was, became, current = before.get(name), after.get(name), now.get(name)
            if was == became or current == was:
                continue
            try:
                row = was if current == became else _merged(was, became, current)
            except Conflict:
                self.clashes.append(Clash(part, name))
                continue
            if row is None:
                del wanted[name]
            else:
                back |= {name} - wanted.keys()
                wanted[name] = row
        return _in_order(wanted, back | _moved(before, after), before) if part in _ORDERED else wanted


def _in_order(wanted: dict[str, Any], loose: set[str], before: Mapping[str, Any]) -> Mapping[str, Any]:
    """Put things that came back, or that the change had moved, after their former predecessors."""
    if not loose:
        return wanted
    draft: OrderedDraft[Any] = OrderedDraft(wanted)
    at = START
    for name in before:
        if name in draft:
            if name in loose:
                draft.place(name, at)
            at = name
    return draft.freeze()


def _moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    """The things that the change moved among those that stayed."""
    kept = {name: None for name in before if name in after}
    return {step.key for step in placements({name: None for name in after if name in kept}, kept)}


def _merged(was: Any, became: Any, now: Any) -> Any:
    """One thing with the change undone; raises Conflict if both sides touched the same part."""
    merge = _MERGES.get(type(now))
    if merge is None:
        raise Conflict("changed again")
    return merge(was, became, now)


def _fieldwise(was: Any, became: Any, now: Any) -> Any:
    if was is None or became is None:
        raise Conflict("changed again")
    return replace(
        now, **{f.name: _field(*(getattr(each, f.name) for each in (was, became, now))) for f in fields(now)}
    )


def _field(was: Any, became: Any, now: Any) -> Any:
    if was in (became, now):  # not touched by the change, or back already
        return now
    if now == became:
        return was
    raise Conflict("changed again")


def _targets(was: Any, became: Any, now: Any) -> Any:
    """Targets are a set: those that the change added go, those that it removed come back."""
    old, new = (() if each is None else each.targets for each in (was, became))
    added, gone = [t for t in new if t not in old], [t for t in old if t not in new]
    if became is None or any(t not in now.targets for t in added) or any(t in now.targets for t in gone):
        raise Conflict("changed again")
    targets = (*(t for t in now.targets if t not in added), *gone)
    return replace(now, targets=targets) if targets else None


def _lines(was: Any, became: Any, now: Any) -> Any:
    """A file with the change's lines undone; raises Conflict if they were touched since."""
    if was is None or became is None:
        raise Conflict("changed again")
    content = merge_file(now.path, became.content, now.content, was.content)
    return replace(now, content=content, executable=_field(was.executable, became.executable, now.executable))


_MERGES: Mapping[type, Callable[[Any, Any, Any], Any]] = {
    Account: _fieldwise,
    Master: _fieldwise,
    Alias: _targets,
    RegexpAlias: _targets,
    Override: _lines,
}
