"""Names that smtpd's restriction lists may hold (postconf(5), smtpd_*_restrictions).

A name that smtpd does not know answers every mail with 451, and no checker of Postfix reports it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set

LISTS = re.compile(r"(smtpd_\w+_restrictions|smtpd_\w+_class)$")
WITH_ARGUMENT = re.compile(
    r"(check_\w+_access|check_policy_service|sleep|(reject|permit)_(rbl_client|dnswl_client|rhs[bw]l_\w+))$"
)
PLAIN = frozenset(
    [
        "permit",
        "reject",
        "defer",
        "defer_if_permit",
        "defer_if_reject",
        "warn_if_reject",
        "check_sender_access",
        "permit_inet_interfaces",
        "permit_mynetworks",
        "permit_sasl_authenticated",
        "permit_tls_all_clientcerts",
        "permit_tls_clientcerts",
        "permit_auth_destination",
        "permit_mx_backup",
        "permit_naked_ip_address",
        "reject_unknown_client_hostname",
        "reject_unknown_client",
        "reject_unknown_reverse_client_hostname",
        "reject_unknown_forward_client_hostname",
        "reject_unauth_destination",
        "defer_unauth_destination",
        "reject_unauth_pipelining",
        "reject_multi_recipient_bounce",
        "reject_plaintext_session",
        "reject_invalid_helo_hostname",
        "reject_invalid_hostname",
        "reject_non_fqdn_helo_hostname",
        "reject_non_fqdn_hostname",
        "reject_unknown_helo_hostname",
        "reject_unknown_hostname",
        "reject_non_fqdn_sender",
        "reject_non_fqdn_recipient",
        "reject_unlisted_sender",
        "reject_unlisted_recipient",
        "reject_unknown_sender_domain",
        "reject_unknown_recipient_domain",
        "reject_unknown_address",
        "reject_sender_login_mismatch",
        "reject_authenticated_sender_login_mismatch",
        "reject_known_sender_login_mismatch",
        "reject_unauthenticated_sender_login_mismatch",
        "reject_unverified_sender",
        "reject_unverified_recipient",
        "check_relay_domains",
        "reject_maps_rbl",
    ]
)


def is_list(parameter: str, classes: Set[str]) -> bool:
    """Whether a parameter is a list of restrictions: one of smtpd(8)'s, or of the site's own."""
    return bool(LISTS.match(parameter)) or parameter in classes


def unknown_restrictions(parameter: str, value: str, classes: Set[str]) -> Iterator[str]:
    """Names in a restriction list that smtpd does not know. `classes` are the site's own lists."""
    if not is_list(parameter, classes):
        return
    words = iter(_words(value))
    for word in words:
        name = word.lower()
        if WITH_ARGUMENT.match(name):
            next(words, "")
        elif not (name in PLAIN or word in classes or ":" in word or word.startswith(("$", "{"))):
            yield word


def _words(value: str) -> list[str]:
    """Words between blanks and commas; a group in braces is one word."""
    return re.findall(r"\{[^}]*\}|[^\s,{}]+", value)
