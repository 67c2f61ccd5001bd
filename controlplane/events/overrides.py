"""Files that are kept verbatim: overrides of daemons' configuration, Sieve, scripts, keys."""

from __future__ import annotations

from pydantic import Field

from controlplane.errors import Corrupt
from controlplane.events.base import Event
from controlplane.model import Draft, Override
from controlplane.sealing import is_sealed
from controlplane.statefiles.table_files import TABLES
from controlplane.statefiles.treefile import CONFIG


class _OfOverride(Event):
    path: str
    """Relative to config/ on `main`."""

    @property
    def subject(self) -> str:
        return self.path


class OverrideChanged(_OfOverride):
    """A file is new or its content changed. The log keeps the content as a blob next to the events."""

    kind = "override.changed"
    effect = "change"
    content: bytes = Field(repr=False)
    executable: bool = False

    @property
    def detail(self) -> str:
        return f"{len(self.content)} bytes"

    def apply(self, draft: Draft) -> None:
        field = _table_of(self.path)
        if field and not is_sealed(self.content):
            draft.overrides.pop(self.path, None)
            text = self.content.decode(errors="replace")
            setattr(draft, field, dict(TABLES[field].parse(text).rows))
            return
        if field:
            setattr(draft, field, {})
        draft.overrides[self.path] = Override(self.path, self.content, self.executable)


class OverrideRemoved(_OfOverride):
    """A file was removed, and its effect with it."""

    kind = "override.removed"
    effect = "remove"

    def apply(self, draft: Draft) -> None:
        known = draft.overrides.pop(self.path, None)
        if field := _table_of(self.path):
            setattr(draft, field, {})
        elif known is None:
            raise Corrupt(f"{self.kind}: there is no file {self.path}")


def _table_of(path: str) -> str:
    """The field of the draft that holds what the file says, for files that once were kept verbatim.

    Logs from before such a file had events of its own hold its whole text; what it says is taken over.
    """
    return next((field for field, table in TABLES.items() if table.path == CONFIG + path), "")
