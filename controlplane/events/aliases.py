"""Aliases: addresses (and regular expressions over addresses) that lead to others."""

from __future__ import annotations

from controlplane.errors import Corrupt
from controlplane.events.base import Event
from controlplane.model import Alias, Draft, RegexpAlias


def _arrow(targets: tuple[str, ...]) -> str:
    return "→ " + ", ".join(targets)


class _OfAlias(Event):
    source: str
    """The alias address, or `@domain` for a catch-all; in lower case."""
    targets: tuple[str, ...]
    """Where its mail goes (where it went, when it is removed)."""

    @property
    def subject(self) -> str:
        return self.source

    @property
    def detail(self) -> str:
        return _arrow(self.targets)


class AliasAdded(_OfAlias):
    """An alias was added."""

    kind = "alias.added"
    effect = "add"

    def apply(self, draft: Draft) -> None:
        if self.source in draft.aliases:
            raise Corrupt(f"{self.kind}: {self.source} is there already")
        draft.aliases[self.source] = Alias(self.source, self.targets)


class AliasChanged(_OfAlias):
    """The targets of an alias changed."""

    kind = "alias.changed"
    effect = "change"

    def apply(self, draft: Draft) -> None:
        if self.source not in draft.aliases:
            raise Corrupt(f"{self.kind}: there is no alias {self.source}")
        draft.aliases[self.source] = Alias(self.source, self.targets)


class AliasRemoved(_OfAlias):
    """An alias was removed."""

    kind = "alias.removed"
    effect = "remove"

    def apply(self, draft: Draft) -> None:
        if draft.aliases.pop(self.source, None) is None:
            raise Corrupt(f"{self.kind}: there is no alias {self.source}")


class _OfRegexp(Event):
    pattern: str
    """The expression as written, with delimiters and flags."""

    @property
    def subject(self) -> str:
        return self.pattern

    def _must_exist(self, draft: Draft) -> None:
        if self.pattern not in draft.regexps:
            raise Corrupt(f"{self.kind}: there is no expression {self.pattern}")


class RegexpAdded(_OfRegexp):
    """A regular-expression alias was added."""

    kind = "regexp.added"
    effect = "add"
    targets: tuple[str, ...]
    after: str | None = None
    """The expression it stands behind; None for the end, empty for the start. The first match wins."""

    @property
    def detail(self) -> str:
        return _arrow(self.targets)

    def apply(self, draft: Draft) -> None:
        if self.pattern in draft.regexps:
            raise Corrupt(f"{self.kind}: {self.pattern} is there already")
        draft.regexps.put(self.pattern, RegexpAlias(self.pattern, self.targets))
        if self.after is not None:
            draft.regexps.place(self.pattern, self.after)


class RegexpChanged(_OfRegexp):
    """The targets of a regular-expression alias changed."""

    kind = "regexp.changed"
    effect = "change"
    targets: tuple[str, ...]

    @property
    def detail(self) -> str:
        return _arrow(self.targets)

    def apply(self, draft: Draft) -> None:
        self._must_exist(draft)
        draft.regexps.put(self.pattern, RegexpAlias(self.pattern, self.targets))


class RegexpMoved(_OfRegexp):
    """A regular-expression alias is now tried earlier or later."""

    kind = "regexp.moved"
    effect = "change"
    after: str

    @property
    def detail(self) -> str:
        return f"behind {self.after}" if self.after else "to the start"

    def apply(self, draft: Draft) -> None:
        self._must_exist(draft)
        draft.regexps.place(self.pattern, self.after)


class RegexpRemoved(_OfRegexp):
    """A regular-expression alias was removed."""

    kind = "regexp.removed"
    effect = "remove"
    targets: tuple[str, ...]

    @property
    def detail(self) -> str:
        return _arrow(self.targets)

    def apply(self, draft: Draft) -> None:
        self._must_exist(draft)
        draft.regexps.remove(self.pattern)
