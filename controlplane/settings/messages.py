"""Messages about values that a setting does not take."""

from __future__ import annotations

from typing import Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo

from controlplane.settings.field import Rule
from controlplane.settings.types import Shape


def rule_of(info: FieldInfo) -> Rule | None:
    """The declaration of a setting; None for a field that is no setting."""
    return info.json_schema_extra if isinstance(info.json_schema_extra, Rule) else None


def permitted(info: FieldInfo) -> tuple[str, ...]:
    """All texts that the setting takes, if there are only a few; else nothing."""
    if get_origin(info.annotation) is Literal:
        return tuple(str(value) for value in get_args(info.annotation))
    return next((part.values for part in info.metadata if isinstance(part, Shape)), ())


def expected(info: FieldInfo, unit: str = "") -> str:
    """What the setting takes, worded to follow "must be"."""
    shape = next((part.expected for part in info.metadata if isinstance(part, Shape)), "")
    return shape or _listed(permitted(info)) or _number(info, unit)


def misfit(name: str, raw: str, info: FieldInfo) -> tuple[str, str]:
    """The message and the cure for a text that `name` does not take; never shows a secret."""
    rule = rule_of(info) or Rule("")
    wanted = expected(info, rule.unit)
    message = f"{name} must be {wanted}" + ("" if rule.secret else f', not "{_shown(raw)}"')
    choices = [f"{name}={value}" for value in permitted(info)]
    cure = f"write {_listed(choices)}" if choices else f"write {wanted}"
    default = f" ({rule.default})" if rule.default else ""
    return message, f"{cure}, or remove the line for the default{default}"


def _listed(values: tuple[str, ...] | list[str]) -> str:
    shown = [value or "empty" for value in values]
    return " or ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def _number(info: FieldInfo, unit: str) -> str:
    kind = "a whole number" if info.annotation is int else "a number"
    low = next((part.ge for part in info.metadata if isinstance(part, Ge)), None)
    high = next((part.le for part in info.metadata if isinstance(part, Le)), None)
    of = f" of {unit}" if unit else ""
    if low is None and high is None:
        return kind + of
    return f"{kind}{of} from {low} to {high}" if high is not None else f"{kind}{of}, {low} or more"


def _shown(raw: str) -> str:
    text = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in raw)
    return text if len(text) <= 60 else text[:59] + "…"
