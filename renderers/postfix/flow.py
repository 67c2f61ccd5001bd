"""The mail flow (renderers/mailflow.py) as Postfix's configuration has it."""

from __future__ import annotations

from typing import NamedTuple

from renderers.hops import Policy
from renderers.mailflow import MailFlow
from wire import canary


class Parameter(NamedTuple):
    """A line of main.cf."""

    name: str
    value: str


FROM_INSIDE = Parameter(
    "from_inside",
    "check_client_access cidr:{ {127.0.0.0/8 DUNNO} {::1/128 DUNNO} {0.0.0.0/0 REJECT} {::/0 REJECT} }",
)
"""The restriction class of who may only be written to from this container."""


def policy_checks(flow: MailFlow) -> list[str]:
    """The restrictions that ask the policy services, in order."""
    return [
        _question(policy) if policy.recipients is None else f"check_recipient_access lmdb:/{table(policy)}"
        for policy in flow.policies
    ]


def canary_check() -> str:
    """The restriction that lets nobody outside this container write to the server's own account."""
    return f"check_recipient_access inline:{{ {canary.DOMAIN}={FROM_INSIDE.name} }}"


def classes(flow: MailFlow, own: tuple[Parameter, ...] = ()) -> list[Parameter]:
    """The restriction classes (RESTRICTION_CLASS_README) of policy services asked about some recipients.

    `own` are further ones.
    """
    some = [policy for policy in flow.policies if policy.recipients is not None]
    found = [*own, *(Parameter(policy.name, _question(policy)) for policy in some)]
    if not found:
        return []
    return [Parameter("smtpd_restriction_classes", " ".join(each.name for each in found)), *found]


def table(policy: Policy) -> str:
    """The path of the table (access(5)) of the recipients that a policy service is asked about."""
    return f"etc/postfix/{policy.name}_recipients"


def about_everybody(flow: MailFlow) -> MailFlow:
    """The same flow without restriction classes, where people have their own."""
    return flow._replace(policies=tuple(Policy(policy.endpoint) for policy in flow.policies))


def _question(policy: Policy) -> str:
    return f"check_policy_service {policy.endpoint}"


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
