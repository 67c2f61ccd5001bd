"""What every event has."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from controlplane.model import Draft

Effect = Literal["add", "change", "remove", "report"]
"""How a plan counts the event; a report tells of the outside and changes nothing that was asked for."""


class Event(BaseModel):
    """One typed fact. Frozen; what it says of its subject is enough to fold it and to tell it to people."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True, defer_build=True
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
        """The rest of the line that a person reads behind the subject; never a secret."""
        return ""

    def apply(self, draft: Draft) -> None:
        """Fold the event into a draft; raises Corrupt when it does not fit."""
        raise NotImplementedError
