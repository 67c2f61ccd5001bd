"""Finds mistakes that Postfix's own checkers miss: it would start, then answer every client with an error.

`postconf -n` and `postfix check` pass unknown restrictions, map types and options of master.cf
(smtpd(8) stumbles over them at the first client).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from controlplane.model import State
from renderers.patches.service import SCRIPT
from renderers.postfix import local_aliases, master_file, overrides, render
from renderers.service import Complaint


def _words(value: str) -> list[str]:
    return value.replace(",", " ").split()


_RESTRICTION_LISTS = re.compile(
    r"(submission_|mua_)?(smtpd_)?(client|helo|sender|relay|recipient|data|end_of_data|etrn)_restrictions\Z"
)
_MAP_TYPES = frozenset(
    _words(
        "btree cdb cidr environ fail hash inline internal lmdb memcache pcre pipemap proxy randmap regexp "
        "socketmap sqlite ldap static tcp texthash unionmap unix"
    )
)
_WITH_TABLE = frozenset(
    f"check_{what}_access"
    for what in _words(
        "ccert client client_a client_mx client_ns etrn helo helo_a helo_mx helo_ns recipient recipient_a "
        "recipient_mx recipient_ns reverse_client_hostname reverse_client_hostname_a "
        "reverse_client_hostname_mx reverse_client_hostname_ns sasl sender sender_a sender_mx sender_ns"
    )
)
_WITH_ARGUMENT = frozenset(
    _words(
        "check_policy_service reject_rbl_client permit_rhswl_client permit_dnswl_client reject_rhsbl_client "
        "reject_rhsbl_helo reject_rhsbl_recipient reject_rhsbl_reverse_client reject_rhsbl_sender sleep"
    )
)
_PLAIN = frozenset(
    _words(
        "permit defer reject warn_if_reject defer_if_permit defer_if_reject "
        "permit_auth_destination permit_inet_interfaces permit_mynetworks permit_mx_backup "
        "permit_naked_ip_address "
        "permit_sasl_authenticated permit_tls_all_clientcerts permit_tls_clientcerts "
        "defer_unauth_destination "
        "reject_authenticated_sender_login_mismatch reject_invalid_helo_hostname reject_invalid_hostname "
        "reject_known_sender_login_mismatch reject_multi_recipient_bounce reject_non_fqdn_helo_hostname "
        "reject_non_fqdn_hostname reject_non_fqdn_recipient reject_non_fqdn_sender reject_plaintext_session "
        "reject_sender_login_mismatch reject_unauth_destination reject_unauth_pipelining "
        "reject_unauthenticated_sender_login_mismatch reject_unknown_address reject_unknown_client "
        "reject_unknown_client_hostname reject_unknown_forward_client_hostname "
        "reject_unknown_helo_hostname "
        "reject_unknown_hostname reject_unknown_recipient_domain reject_unknown_reverse_client_hostname "
        "reject_unknown_sender_domain reject_unlisted_recipient reject_unlisted_sender "
        "reject_unverified_recipient "
        "reject_unverified_sender reject_maps_rbl check_relay_domains check_recipient_maps"
    )
)
"""Restrictions of Postfix 3.7 (postconf(5), access restriction lists)."""
_NOT_YET = frozenset({"submissions/inet", "smtp-amavis/unix", "127.0.0.1:10025/inet"})
"""Services that exist only with a certificate or a filter: options for them are accepted before."""
_READ_HERE = ("postfix-relaymap.cf", "postfix-send-access.cf", "postfix-receive-access.cf")
"""Files with a format of their own, kept verbatim only when they are sealed as a whole."""
_TABLE = re.compile(r"(?P<type>[a-z]+):(?!//)")
_TABLE_PARAMETER = re.compile(r".*_(maps|map|database)\Z|.*_checks\Z|mynetworks\Z|postscreen_access_list\Z")


def complaints(state: State) -> Iterator[Complaint]:
    """Everything wrong with the files for Postfix that can be seen without Postfix."""
    yield from _of_overrides(state)
    for entry in local_aliases.entries(render.override(state, "postfix-aliases.cf")):
        if isinstance(entry, overrides.BadLine):
            yield Complaint(local_aliases.PATH, *entry)
    for name in _READ_HERE:
        if name in state.desired.overrides:
            yield Complaint(
                f"config/{name}", 0, "this file cannot be sealed as a whole", "write it in plain text"
            )
    yield from _of_transport(state)
    if ":" in state.settings.relay_user:
        cure = "write the credentials to config/postfix-sasl-password.cf in the form that the relay takes"
        yield Complaint("mailserver.env", 0, "RELAY_USER has a colon, where Postfix ends the name", cure)


def _of_transport(state: State) -> Iterator[Complaint]:
    """Refuse a transport that master.cf does not define: Postfix would keep all mail in its queue.

    user-patches.sh may add one.
    """
    name = state.settings.postfix_dagent.partition(":")[0]
    known = master_file.services(render.master_cf(state).content.decode())
    if name and f"{name}/unix" not in known and SCRIPT not in state.desired.overrides:
        message = f"POSTFIX_DAGENT: {name} is not a transport of master.cf"
        yield Complaint("mailserver.env", 0, message, "write lmtp:unix:PATH, lmtp:inet:HOST:PORT or lmtps:…")


def _of_overrides(state: State) -> Iterator[Complaint]:
    text = render.override(state, "postfix-main.cf")
    parsed = [*overrides.orphan(text), *overrides.parameters(text)]
    good = [p for p in parsed if isinstance(p, overrides.Parameter)]
    classes = _words(" ".join(p.value for p in good if p.name == "smtpd_restriction_classes"))
    for parameter in parsed:
        if isinstance(parameter, overrides.BadLine):
            yield Complaint(overrides.MAIN, *parameter)
            continue
        for message, cure in _wrong(parameter.name, parameter.value, frozenset(classes)):
            yield Complaint(overrides.MAIN, parameter.line, f"{parameter.name}: {message}", cure)
    master = render.override(state, "postfix-master.cf")
    ours = master_file.services(render.base_master(state))
    found = (*master_file.options(master, ours | _NOT_YET), *master_file.clashes(master, ours))
    for option in (*overrides.orphan(master), *found):
        if isinstance(option, overrides.BadLine):
            yield Complaint(master_file.MASTER, *option)
            continue
        for message, cure in _wrong(option.name, option.value, frozenset(classes)):
            yield Complaint(master_file.MASTER, option.line, f"{option.name}: {message}", cure)


def _wrong(name: str, value: str, classes: frozenset[str]) -> Iterable[tuple[str, str]]:
    if _RESTRICTION_LISTS.match(name) or name in classes:
        yield from _wrong_restrictions(value, classes)
    elif _TABLE_PARAMETER.match(name):
        yield from _wrong_tables(value)


def _wrong_restrictions(value: str, classes: frozenset[str]) -> Iterator[tuple[str, str]]:
    if "{" in value:  # inline rules and per-restriction options nest: left to Postfix itself
        return
    words = iter(_words(value))
    for word in words:
        if word in _WITH_ARGUMENT:
            next(words, "")
        elif word in _WITH_TABLE:
            yield from _wrong_tables(next(words, ""))
        elif ":" in word:
            yield from _wrong_tables(word)
        elif word not in _PLAIN and word not in classes and not word.startswith("$") and not word.isdigit():
            yield f"{word} is not a restriction", "see the restriction lists in postconf(5)"


def _wrong_tables(value: str) -> Iterator[tuple[str, str]]:
    if "{" in value:
        return
    for word in _words(value):
        match = _TABLE.match(word)
        if match and match["type"] not in _MAP_TYPES:
            yield f"{match['type']} is not a type of table", "use lmdb, pcre, cidr, texthash or static"
