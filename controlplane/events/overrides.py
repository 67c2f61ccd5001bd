"""Files that are kept verbatim: overrides of daemons' configuration, Sieve, scripts, keys."""

from __future__ import annotations

from pydantic import Field

from controlplane.errors import Corrupt
from controlplane.events.base import Event
from controlplane.model import Draft, Override


class _OfOverride(Event):
    path: str
    """Relative to config/ on `main`."""

    @property
    def subject(self) -> str:
        return self.path


class OverrideChanged(_OfOverride):
    """A file is new or has other content. In the log the content is a blob beside the events."""

    kind = "override.changed"
    effect = "change"
    content: bytes = Field(repr=False)
    executable: bool = False

    @property
    def detail(self) -> str:
        return f"{len(self.content)} bytes"

    def apply(self, draft: Draft) -> None:
        draft.overrides[self.path] = Override(self.path, self.content, self.executable)


class OverrideRemoved(_OfOverride):
    """A file is gone, and its effect with it."""

    kind = "override.removed"
    effect = "remove"

    def apply(self, draft: Draft) -> None:
        if draft.overrides.pop(self.path, None) is None:
            raise Corrupt(f"{self.kind}: there is no file {self.path}")
