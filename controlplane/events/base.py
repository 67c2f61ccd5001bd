"""What every event has."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from controlplane.model import Draft
from controlplane.settings.field import DOCUMENTED

Effect = Literal["add", "change", "remove", "report"]
"""How a plan counts the event; a report describes the outside and changes nothing that was asked for."""


class Event(BaseModel):
    """One typed fact, frozen: it says enough about its subject to be folded and to be shown to people."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=DOCUMENTED, defer_build=True
    )

    kind: ClassVar[str]
    """The name in the log, `noun.verb`; never reused for another meaning."""
    version: ClassVar[int] = 1
    """The version that is written today; older ones are upcast when read."""
    effect: ClassVar[Effect]

    @property
    def subject(self) -> str:
        """What the event is about: an address, a setting's name, a path, a node."""
        raise NotImplementedError

    @property
    def detail(self) -> str:
        """What is shown after the subject; never a secret."""
        return ""

    def apply(self, draft: Draft) -> None:
        """Apply the event to a draft; raises Corrupt if it contradicts the state."""
        raise NotImplementedError
