"""Settings: on `main`, and as the container's environment pins them."""

from __future__ import annotations

from controlplane.errors import Corrupt
from controlplane.events.base import Event
from controlplane.model import Draft, Pin


class _OfSetting(Event):
    name: str
    """The documented name, as in mailserver.env."""

    @property
    def subject(self) -> str:
        return self.name


def _shown(value: str | None) -> str:
    return "(default)" if value is None else value or '""'


class SettingChanged(_OfSetting):
    """A value in mailserver.env changed; None stands for a name that is not in the file."""

    kind = "setting.changed"
    effect = "change"
    old: str | None
    new: str | None

    @property
    def detail(self) -> str:
        return f"{_shown(self.old)} → {_shown(self.new)}"

    def apply(self, draft: Draft) -> None:
        if draft.settings.get(self.name) != self.old:
            raise Corrupt(f"{self.kind}: {self.name} was not {_shown(self.old)}")
        if self.new is None:
            draft.settings.pop(self.name, None)
        else:
            draft.settings[self.name] = self.new


class SettingPinned(_OfSetting):
    """The container's environment pins the setting, whatever `main` says."""

    kind = "setting.pinned"
    effect = "report"
    value: str | None
    """None for a secret."""
    digest: str = ""
    """A keyed digest of a secret, to see that it changed."""

    @property
    def detail(self) -> str:
        return "(secret)" if self.value is None else f"= {_shown(self.value)}"

    def apply(self, draft: Draft) -> None:
        draft.pins[self.name] = Pin(self.name, self.value, self.digest)


class SettingUnpinned(_OfSetting):
    """The container's environment no longer pins the setting."""

    kind = "setting.unpinned"
    effect = "report"

    def apply(self, draft: Draft) -> None:
        if draft.pins.pop(self.name, None) is None:
            raise Corrupt(f"{self.kind}: {self.name} was not pinned")
