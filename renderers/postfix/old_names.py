"""Names of Postfix that work no longer, or not for ever, and what takes their place.

The names and versions are those of DEPRECATION_README in Postfix 3.10, and what its postconf(1) warns of.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class OldName(NamedTuple):
    """What takes a name's place, and since which version of Postfix that warns of it.

    `instead` is a whole cure for people; `off` another one where the value is `no`.
    """

    instead: str
    off: str = ""
    since: str = "3.9"
    removed: str = ""
    """The version that lacks it; empty while all have it."""
    successor: str = ""
    """What is rendered for one that is removed."""


_LEVELS = {
    "smtpd": "smtpd_tls_security_level",
    "smtp": "smtp_tls_security_level",
    "lmtp": "lmtp_tls_security_level",
    "postscreen": "postscreen_tls_security_level",
    "tlsproxy": "tlsproxy_tls_security_level",
    "tlsproxy_client": "tlsproxy_client_security_level",
}
_POLICIES = {
    "smtp_tls_per_site": "smtp_tls_policy_maps",
    "lmtp_tls_per_site": "lmtp_tls_policy_maps",
    "tlsproxy_client_per_site": "tlsproxy_client_policy_maps",
}
_LEAVE_OUT = "take the line out: what Postfix chooses without it is better"

PARAMETERS = {
    **{
        f"{program}_use_tls": OldName(f"write `{level} = may`", f"write `{level} = none`")
        for program, level in _LEVELS.items()
    },
    **{
        f"{program}_enforce_tls": OldName(f"write `{level} = encrypt`", f"write `{level} = may`")
        for program, level in _LEVELS.items()
    },
    **{
        name: OldName(f"use `{policies}`: its tables have another form (postconf(5))")
        for name, policies in _POLICIES.items()
    },
    "disable_dns_lookups": OldName("write `smtp_dns_support_level = disabled`", "take the line out"),
    "smtpd_tls_dh1024_param_file": OldName(_LEAVE_OUT),
    "smtpd_tls_eecdh_grade": OldName(_LEAVE_OUT),
}
"""Parameters of main.cf, and of master.cf behind `-o`."""

RESTRICTIONS = {
    "permit_mx_backup": OldName("name the domains in `relay_domains`"),
    "check_relay_domains": OldName(
        "write `reject_unauth_destination`",
        since="2.2",
        removed="3.9",
        successor="reject_unauth_destination",
    ),
    # Something has to stand there: what comes next may be meant for real behind `warn_if_reject`.
    "reject_maps_rbl": OldName(
        "write `reject_rbl_client DOMAIN`", since="2.1", removed="3.9", successor="reject_unauth_pipelining"
    ),
    "permit_naked_ip_address": OldName(
        "write `permit_mynetworks` or `permit_sasl_authenticated`",
        since="2.0",
        removed="3.9",
        successor="permit_mynetworks",
    ),
}
"""Words of restriction lists. One that smtpd(8) lacks makes it answer everybody `451 4.3.5`."""


def _words(names: list[str]) -> re.Pattern[str]:
    """These names, where they stand alone: no part of another name, a path, a table or a `$reference`."""
    return re.compile(rf"(?<![\w$:/.{{-])(?:{'|'.join(names)})(?![\w:/.-])")


_RESTRICTION = _words(list(RESTRICTIONS))
_REMOVED = _words([name for name, old in RESTRICTIONS.items() if old.removed])


def restrictions_in(value: str) -> list[str]:
    """The old words in a list of restrictions, each once."""
    return list(dict.fromkeys(_RESTRICTION.findall(value)))


def without_removed(override: str) -> str:
    """An override with successors in place of words that no version from here on has; lines stay lines."""
    return _REMOVED.sub(lambda found: RESTRICTIONS[found[0]].successor, override)
