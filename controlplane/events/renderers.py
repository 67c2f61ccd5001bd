"""Upgrades: another image renders the same state, or cannot render it."""

from __future__ import annotations

from pydantic import Field

from controlplane.events.base import Event
from controlplane.image import newest
from controlplane.model import Draft, NodeStatus, daemon_rows
from wire.manifest import Action

_MOST = 3
"""The most files, and daemons, that are named; the event has all."""


class _OfRenderer(Event):
    node: str
    old: str
    """The version that rendered before."""
    new: str
    """The version that renders now."""

    @property
    def subject(self) -> str:
        return self.node

    def _before(self, draft: Draft) -> NodeStatus:
        return draft.nodes.get(self.node) or NodeStatus(self.node)


class RendererChanged(_OfRenderer):
    """Another image renders from here on: of another version, of another build, or with other daemons."""

    kind = "renderer.changed"
    effect = "change"
    newest: str = ""
    """The newest version that rendered before, where `new` is older than that."""
    files: tuple[str, ...] = ()
    """The rendered files that differ by it."""
    actions: dict[str, str] = Field(default_factory=dict)
    """What that does to which service: none, reload, restart, start, stop."""
    daemons_before: dict[str, str] = Field(default_factory=dict)
    """Versions that differ, by package: those of the image before."""
    daemons: dict[str, str] = Field(default_factory=dict)
    """The same of this image."""
    tree: str
    """Git's id of what it renders of the log up to here: whether that is on `rendered` already."""

    @property
    def detail(self) -> str:
        return "; ".join(filter(None, [self._versions(), self._daemons(), self._files(), self._actions()]))

    def _versions(self) -> str:
        if self.old == self.new:
            return f"{self.new}, another build"
        back = f" (back: {self.newest} ran before)" if self.newest else ""
        return f"{self.old or 'unknown'} → {self.new}{back}"

    def _daemons(self) -> str:
        names = sorted(self.daemons_before | self.daemons)
        told = [
            f"{name} {self.daemons_before.get(name, 'none')} → {self.daemons.get(name, 'none')}"
            for name in names
        ]
        return _short(told)

    def _files(self) -> str:
        return _short(list(self.files)) if self.files else "no rendered file differs"

    def _actions(self) -> str:
        return ", ".join(f"{s} {a}" for s, a in sorted(self.actions.items()) if a != Action.NONE)

    def apply(self, draft: Draft) -> None:
        before = self._before(draft)
        daemons = dict(row.split(" ", 1) for row in before.daemons)
        for name in self.daemons_before:
            daemons.pop(name, None)
        draft.update_node(
            self.node,
            renderer=self.new,
            newest_renderer=newest(newest(before.newest_renderer, self.old), self.new),
            daemons=daemon_rows(daemons | self.daemons),
            rendered=self.tree,
            renderer_refused=(),
        )


class RendererRefused(_OfRenderer):
    """Another version cannot render the state: what the one before rendered goes on serving."""

    kind = "renderer.refused"
    effect = "report"
    problems: tuple[str, ...]
    """File, line, what is wrong there and what to do about it, each."""
    serving: int
    """The release that goes on serving."""

    @property
    def detail(self) -> str:
        return (
            f"{self.new} cannot render this: {_short(list(self.problems))}; release {self.serving} serves on"
        )

    def apply(self, draft: Draft) -> None:
        draft.update_node(self.node, renderer_refused=(self.new, *self.problems))


def _short(parts: list[str]) -> str:
    more = [f"{len(parts) - _MOST} more"] if len(parts) > _MOST else []
    return ", ".join(parts[:_MOST] + more)
