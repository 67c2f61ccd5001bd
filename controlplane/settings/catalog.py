"""Everything that can be asked about a setting by its name, derived from its field."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo

from controlplane.errors import NotFound, Refused
from controlplane.settings import AREAS, Settings
from controlplane.settings.field import Area
from controlplane.settings.messages import expected, permitted, rule_of
from controlplane.settings.near_names import nearest as nearest_of
from controlplane.settings.other_names import successor


@dataclass(frozen=True, slots=True, eq=False)
class SettingSpec:
    """One setting; all values are the texts that stand in mailserver.env."""

    name: str
    field: str
    area: str
    kind: str
    """What a value must be, in words: "0 or 1", "a whole number of seconds, 1 or more"."""
    default: str
    """Empty where the default is nothing, or is made by `default_from`."""
    default_from: str
    values: tuple[str, ...]
    """Every permitted text where there are only a few; an empty one always stands for the default."""
    bounds: tuple[Any, Any]
    unit: str
    secret: bool
    consumers: tuple[str, ...]
    requires: Mapping[str, str]
    sample: str
    risks: Mapping[str, str]
    doc: str
    supported: bool
    """Whether anything uses the setting; where not, setting it is reported as not supported yet."""
    pending: tuple[str, ...] = ()
    """Values of a supported setting that nothing carries out yet."""
    switch: bool = False
    """Whether it turns one thing on or off."""

    @property
    def default_text(self) -> str:
        """The default in words."""
        if self.default_from:
            return _DERIVED.get(self.default_from) or f"that of {self.default_from.strip('{}')}"
        return self.default or "empty"

    def supports(self, value: str | None) -> bool:
        """Whether this value has the documented effect; None or an empty text stands for the default.

        What is not there yet is off, so that turning it off is carried out by doing nothing.
        """
        if not self.supported:
            return self.switch and value == "0"
        return (value or self.default) not in self.pending

    def risk(self, value: str | None) -> str:
        """The warning about this value, empty for none; None or an empty text stands for the default."""
        return self.risks.get(value or self.default, "")


_DERIVED = {
    "postmaster@{DOMAINNAME}": "postmaster@ the mail domain",
    "mailserver-report@{HOSTNAME}": "mailserver-report@ the host name",
    "{DOMAINNAME}": "the mail domain",
}


def _spec(area: type[Area], name: str, info: FieldInfo) -> SettingSpec:
    rule = rule_of(info)
    assert rule is not None, f"{name} is declared without setting()"  # noqa: S101  # a mistake in the source
    low = next((m.ge for m in info.metadata if isinstance(m, Ge)), None)
    high = next((m.le for m in info.metadata if isinstance(m, Le)), None)
    return SettingSpec(
        name=name.upper(),
        field=name,
        area=area.title,
        kind=expected(info, rule.unit),
        default=rule.default,
        default_from=rule.default_from,
        values=permitted(info),
        bounds=(low, high),
        unit=rule.unit,
        secret=rule.secret,
        consumers=rule.consumers,
        requires=rule.requires,
        sample=rule.sample,
        risks=rule.risks,
        doc=inspect.cleandoc(info.description or ""),
        supported=rule.supported,
        pending=rule.pending,
        switch=info.annotation is bool,
    )


SETTINGS: Mapping[str, SettingSpec] = {
    name.upper(): _spec(area, name, info) for area in AREAS for name, info in area.model_fields.items()
}
"""Every setting by its name, in the order of the reference page."""

FROM_FILE = "__FILE"
"""Behind a name in the container's environment: the value is what a file holds."""


def resembling(name: str) -> str | None:
    """The known name with the most letters of `name`; None if none has many.

    Whoever masks secrets asks this: it is better to hide too much. What people are told is `meant`.
    """
    found = get_close_matches(name.upper(), SETTINGS, n=1, cutoff=0.75)
    return found[0] if found else None


def meant(name: str) -> tuple[str, str] | None:
    """The setting that a name which is none was meant to be, perhaps with `=value`, and what to do.

    The first is empty where nothing stands in for the name. None where nothing is known of it.
    """
    other = successor(name)
    if other is not None and (not other.setting or other.setting.partition("=")[0] in SETTINGS):
        return other.setting, other.cure or f"write {other.setting}, or remove the line"
    near = nearest_of(name, SETTINGS)
    return (near, f"write {near}, or remove the line") if near else None


def problem(name: str, raw: str) -> tuple[str, str] | None:
    """What is wrong with `name=raw` and what to do about it; None if nothing."""
    if name not in SETTINGS:
        return unknown(name)
    try:
        Settings.resolve({name: raw}, hostname="")
    except Refused as refused:
        return refused.problems[0].message, refused.problems[0].cure
    return None


def problems(values: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """The answer of `problem` for each of these that has one; fast if none has."""
    found = {name: unknown(name) for name in values if name not in SETTINGS}
    try:
        Settings.resolve(values, hostname="")
    except Refused:
        each = ((name, problem(name, raw)) for name, raw in values.items() if name not in found)
        found |= {name: wrong for name, wrong in each if wrong}
    return found


def unknown(name: str) -> tuple[str, str]:
    """The message and the cure for a name that is not a setting."""
    setting = name.removesuffix(FROM_FILE)
    if name != setting and setting in SETTINGS:
        cure = f"set it there, or {setting} itself here; `mailctl seal` seals what is secret"
        return f"{name} names a file of the container, so it belongs into the container's environment", cure
    found = meant(name)
    if found is None:
        return f"{name} is not a setting", "remove the line; docs/reference/settings.md lists all settings"
    setting, cure = found
    hint = f"; did you mean {setting}?" if setting else " here"
    return f"{name} is not a setting{hint}", cure


def explain(name: str) -> dict[str, Any]:
    """Everything about one setting as plain values; raises NotFound, naming the closest known one."""
    spec = SETTINGS.get(name.upper())
    if spec is None:
        raise NotFound("; ".join(unknown(name)))
    return {
        "name": spec.name,
        "area": spec.area,
        "kind": spec.kind,
        "default": spec.default_text,
        "values": list(spec.values),
        "bounds": list(spec.bounds),
        "unit": spec.unit,
        "secret": spec.secret,
        "consumers": list(spec.consumers),
        "requires": dict(spec.requires),
        "risks": dict(spec.risks),
        "supported": spec.supported,
        "pending": list(spec.pending),
        "doc": spec.doc,
    }
