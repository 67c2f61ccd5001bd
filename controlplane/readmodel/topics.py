"""The topic of an event, by which a later event overrides an earlier one.

`alias.changed` of info@example.test overrides `alias.added` of it. Where a thing stands among others is a
topic of its own: moving an account leaves its password alone, and a new password leaves its place alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from controlplane.events import EVENTS
from controlplane.statefiles.event_kinds import KINDS
from controlplane.statefiles.treefile import CONFIG

_PLACE = ".place"
_MOVED = "moved"
_ORDERED = frozenset(event.kind.partition(".")[0] for event in EVENTS if event.kind.endswith(f".{_MOVED}"))
_FILES: Mapping[str, str] = {begin.rstrip("._"): path for path, begin in KINDS.items()}


def topic_of(kind: str, subject: str) -> str:
    """What an event of this kind and subject is about: `alias info@example.test`."""
    return f"{_thing(kind)} {subject}"


def overridden_by(kind: str, subject: str) -> tuple[str, ...]:
    """The topics that such an event overrides: what came or went also has a new place or none."""
    own = topic_of(kind, subject)
    noun, _, verb = kind.partition(".")
    return (own, f"{noun}{_PLACE} {subject}") if noun in _ORDERED and verb in ("added", "removed") else (own,)


def held_name(topic: str, held: Collection[str]) -> str:
    """The name in `held` that covers the topic: a file of `main` or an entry of one; "" if none does."""
    thing, _, subject = topic.partition(" ")
    path = _FILES.get(thing.removesuffix(_PLACE))
    names = (path, f"{path}:{subject}") if path else (CONFIG + subject,)
    return next((name for name in names if name in held), "")


def _thing(kind: str) -> str:
    """The noun, with the part of it that the verb names: `relay.route_set` is about `relay.route`."""
    noun, _, verb = kind.partition(".")
    if verb == _MOVED:
        return noun + _PLACE
    part = verb.rpartition("_")[0]
    return f"{noun}.{part}" if part else noun
