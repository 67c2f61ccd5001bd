"""What an attempt will change: files, and for each service no action, a reload, a restart or a start."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field

from agent.release.manifest import Content, Release
from wire.actions import action_of, harder
from wire.config_folder import below_config
from wire.manifest import Action, Entry


@dataclass(frozen=True)
class Plan:
    """Files to write and remove, and what each service needs. `actions` never holds "none"."""

    place: tuple[Entry, ...] = ()
    """Files of the config volume, which go before the others; `main` says when one is removed."""
    write: tuple[Entry, ...] = ()
    remove: tuple[Entry, ...] = ()
    actions: Mapping[str, Action] = field(default_factory=dict)
    stop: tuple[str, ...] = ()
    starts: bool = False
    """Whether some program may have to be started; otherwise supervisor is not asked at all."""

    @property
    def touched(self) -> set[str]:
        """Services that need an action."""
        return set(self.actions)


def compare(
    old: Release, new: Release, content: Content, stale: Iterable[str] = (), held: Container[str] = ()
) -> Plan:
    """The plan from one release to the next.

    `stale` are paths to write although their entry is the same, `held` those that stay as they are.
    """
    stale = set(stale)
    write = tuple(
        e for path, e in new.files.items() if path not in held and (path in stale or old.files.get(path) != e)
    )
    remove = tuple(e for path, e in old.files.items() if path not in new.files and path not in held)
    actions: dict[str, Action] = {}
    for entry in (*write, *remove):
        need = _need(old.files.get(entry.path), entry, content)
        for service in entry.services:
            actions[service] = harder(actions.get(service, Action.NONE), need)
    running = {p for s in old.services.values() for p in s.programs}
    wanted = {p for s in new.services.values() for p in s.programs}
    placed, written = _apart(write)
    return Plan(
        placed,
        written,
        _apart(remove)[1],
        {name: action for name, action in actions.items() if action != Action.NONE and name in new.services},
        tuple(p for s in reversed(list(old.services.values())) for p in s.programs if p not in wanted),
        bool(wanted - running),
    )


def _apart(entries: Iterable[Entry]) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    """Those on the config volume, and the others."""
    entries = tuple(entries)
    there = tuple(entry for entry in entries if below_config(entry.path))
    return there, tuple(entry for entry in entries if entry not in there)


def _need(old: Entry | None, entry: Entry, content: Content) -> Action:
    if old is None or not entry.restart_on or old.identity == entry.identity:
        return entry.action
    return action_of(entry.action, entry.restart_on, content(old), content(entry))
