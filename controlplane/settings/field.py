"""Declares settings: one field with everything there is to know about it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

DOCUMENTED = sys.flags.optimize < 2
"""Whether fields know their documentation. The daemon goes without (python(1), -OO): nobody asks it, and
pydantic would parse the source of every class while it starts, and keep it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The declaration of a setting besides its type; see `setting`."""

    default: str
    default_from: str = ""
    consumers: tuple[str, ...] = ()
    sample: str = ""
    requires: Mapping[str, str] = field(default_factory=dict)
    unit: str = ""
    secret: bool = False
    supported: bool = False
    pending: tuple[str, ...] = ()
    risks: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, schema: dict[str, Any]) -> None:
        """Complete the JSON schema of the field (pydantic calls this)."""
        schema["default"] = self.default
        schema["writeOnly"] = self.secret


def setting(
    default: str = "",
    *,
    default_from: str = "",
    consumers: tuple[str, ...] = (),
    sample: str = "",
    requires: Mapping[str, str] | None = None,
    unit: str = "",
    secret: bool = False,
    supported: bool | None = None,
    pending: tuple[str, ...] = (),
    risks: Mapping[str, str] | None = None,
    ge: int | None = None,
    le: int | None = None,
) -> Any:
    """Declare a setting; every value is the text that would stand in mailserver.env.

    `default_from` is a default made of other settings, in braces ("postmaster@{DOMAINNAME}"; HOSTNAME
    and DOMAINNAME are the container's). `consumers` are the folders below renderers/ whose files change
    with it, shown by its `sample` value while the settings in `requires` hold. `supported` is for
    settings that something else than a renderer uses, `pending` are the documented values of a supported
    setting that nothing carries out yet. `risks` names the values that weaken the server,
    each with a warning. `ge` and `le` bound a number; `unit` is the number's.
    """
    rule = Rule(
        default=default,
        default_from=default_from,
        consumers=consumers,
        sample=sample,
        requires=dict(requires or {}),
        unit=unit,
        secret=secret,
        supported=bool(consumers) if supported is None else supported,
        pending=pending,
        risks=dict(risks or {}),
    )
    return Field(default, ge=ge, le=le, repr=not secret, json_schema_extra=rule)


class Area(BaseModel):
    """The settings of one concern: a section of the reference page, introduced by the class docstring."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=DOCUMENTED,
        validate_default=True,
        defer_build=True,
    )

    title: ClassVar[str] = ""
