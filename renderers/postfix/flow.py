"""The mail flow (renderers/mailflow.py) as Postfix's configuration has it."""

from __future__ import annotations

from typing import NamedTuple

from renderers.mailflow import MailFlow


class Parameter(NamedTuple):
    """A line of main.cf."""

    name: str
    value: str


def policy_checks(flow: MailFlow) -> list[str]:
    """The restrictions that ask the policy services, in order."""
    return [f"check_policy_service {policy.endpoint}" for policy in flow.policies]


def filters(flow: MailFlow) -> list[Parameter]:
    """Milters, content filter and maps."""
    found = [Parameter(f"{milter.name}_milter", milter.endpoint) for milter in flow.milters]
    if flow.milters:
        local = [milter for milter in flow.milters if milter.local]
        found.append(Parameter("smtpd_milters", " ".join(f"${m.name}_milter" for m in flow.milters)))
        found.append(Parameter("non_smtpd_milters", " ".join(f"${m.name}_milter" for m in local)))
    if flow.content_filter:
        found.append(Parameter("content_filter", flow.content_filter.destination))
    tables: dict[str, list[str]] = {}
    for maps in flow.maps:
        tables.setdefault(maps.parameter, []).extend(maps.tables)
    return [*found, *(Parameter(name, " ".join(value)) for name, value in tables.items())]
