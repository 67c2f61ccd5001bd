"""The fields of a state that a part of a service may read, and whether two states differ in them."""

from __future__ import annotations

from collections.abc import Mapping

from controlplane.model import Certificate, Desired, Pin, State
from renderers.service import Fact, Reads


def _settings(state: State) -> tuple[Mapping[str, str], Mapping[str, Pin], str]:
    return state.desired.settings, state.observed.pins, state.hostname


def _certificates(state: State) -> Mapping[str, Certificate]:
    return state.observed.certificates


def _domains(state: State) -> frozenset[str]:
    return state.desired.domains


def _alias_domains(state: State) -> frozenset[str]:
    return state.desired.alias_domains


def _of_desired(name: str) -> Fact:
    return lambda state: getattr(state.desired, name)


TABLES = tuple(name for name in Desired.__dataclass_fields__ if name != "settings")
"""Fields that are compared by identity, as a fold leaves those alone that it does not change."""

FIELDS: Mapping[str, Fact] = {
    "settings": _settings,
    "certificates": _certificates,
    "domains": _domains,
    "alias_domains": _alias_domains,
    **{name: _of_desired(name) for name in TABLES},
}
"""What a part may name. `settings` are those in effect, with what the environment pins and the host name."""


class Facts:
    """What parts read of one state, each fact computed once."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._found: dict[str | Fact, object] = {}

    def of(self, fact: str | Fact) -> object:
        """The value of a field, or of a fact of a service's own."""
        if fact not in self._found:
            self._found[fact] = (FIELDS[fact] if isinstance(fact, str) else fact)(self.state)
        return self._found[fact]

    def differing(self, other: Facts, reads: Reads) -> frozenset[str | Fact]:
        """What of `reads` is not the same in another state."""
        return frozenset(fact for fact in reads if not self._same(other, fact))

    def _same(self, other: Facts, fact: str | Fact) -> bool:
        mine, theirs = self.of(fact), other.of(fact)
        return mine is theirs or (fact not in TABLES and mine == theirs)
