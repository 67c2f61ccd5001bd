"""What Postfix reads, computed from the state; the templates only print."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from controlplane.model import State
from renderers.certificates import Encryption, encryption
from renderers.mailflow import MailFlow, mail_flow
from renderers.postfix import flow, local_aliases, maps, master_file, networks, overrides
from renderers.postfix.old_names import without_removed
from renderers.postfix.relay import files as relay_files
from renderers.postfix.relay import relay
from renderers.service import Change, Origin, Part, RenderedFile
from renderers.text import fill, lines
from renderers.tls import ciphers, dh
from renderers.tls.service import chain_files
from wire import canary
from wire.manifest import Action, Compile

_SENDERS = "lmdb:/etc/postfix/send_access"
_DNSBL_SITES = (
    "zen.spamhaus.org=127.0.0.[2..11]*3",
    "bl.mailspike.net=127.0.0.[2;10..12]*2",
    "b.barracudacentral.org=127.0.0.2*2",
    "bl.spamcop.net=127.0.0.2*1",
    "psbl.surriel.com=127.0.0.2*1",
    "list.dnswl.org=127.0.[0..255].[1..3]*-2",
)
"""Only genuine listing codes count: a list that returns its error code for everybody must not block mail."""
_DOVECOT_LMTP = "/dovecot/lmtp"
_LMTP_REPLIES = ("lmtp_reply_filter.pcre", "lmtp_reply_later.pcre")
_TAGGED = "pcre:/etc/postfix/tagged_senders.pcre"
_BEHIND_PROXY = {"smtp/inet": "postscreen", "submission/inet": "smtpd", "submissions/inet": "smtpd"}
_CLIENT = re.compile("client|peername|policy|milter|filter")
_TLS_SESSIONS = (
    "smtpd_tls_session_cache_database",
    "smtpd_tls_session_cache_timeout",
    "tls_session_ticket_cipher",
)
_RESTART_ON = ("inet_interfaces", "inet_protocols")
"""master(8) keeps its sockets across a reload; after a change of these it was seen to stop answering."""


def override(state: State, path: str) -> str:
    """The text of an override below config/, empty where there is none."""
    found = state.desired.overrides.get(path)
    return overrides.decoded(found.content) if found else ""


def main_cf(state: State) -> RenderedFile:
    """/etc/postfix/main.cf: our parameters, then the administrator's."""
    own = without_removed(override(state, "postfix-main.cf"))
    text, origins = overrides.merge_main(fill("postfix/templates/main.cf", **_main_values(state)), own)
    content, filled = text.encode(), networks.is_filled(state)
    return RenderedFile(
        "etc/postfix/main.cf", content, Action.RELOAD, origins=origins, restart_on=_RESTART_ON, fill=filled
    )


def _main_values(state: State) -> dict[str, Any]:
    settings, hostname = state.settings, state.settings.hostname
    tls = encryption(state)
    level = ciphers.level(settings.tls_level)
    relays = relay(state)
    passed = _flow(state)
    guard = [flow.canary_check()] if _guards_canary(state) else []
    return {
        "hostname": hostname,
        "domain": settings.domainname,
        "destinations": ", ".join(_destinations(state)),
        "mynetworks": networks.mynetworks(state),
        "inet_protocols": settings.postfix_inet_protocols,
        "message_size_limit": settings.postfix_message_size_limit,
        "mailbox_size_limit": settings.postfix_mailbox_size_limit,
        "transport": settings.postfix_dagent,
        "exact_delivery": bool(_tagged(state)),
        "login_maps": _login_maps(state),
        "canary_address": "" if settings.smtp_only else canary.ADDRESS,
        "canary_domain": canary.DOMAIN,
        "tls": tls is Encryption.ON,
        "auth_only_with_tls": "no" if tls is Encryption.OFF else "yes",
        "chain_files": ", ".join(f"/{path}" for path in chain_files(state)),
        "oldest_tls": level.oldest,
        "ciphers": level.ciphers,
        "excluded_ciphers": ", ".join(ciphers.EXCLUDED),
        "server_order": "yes" if level.server_order else "no",
        "postscreen_action": settings.postscreen_action,
        "dnsbl_sites": _DNSBL_SITES if settings.enable_dnsbl else (),
        "outgoing_tls": "encrypt" if relays.credentials else "may",
        "relay_host": relays.host,
        "sender_routes": relays.routes,
        "credentials": " ".join(f"lmdb:{path}" for path in relays.credentials),
        "sender_restrictions": ", ".join(_sender_restrictions(state)),
        "recipient_restrictions": ", ".join(_recipient_restrictions(passed, guard)),
        "submission_sender_restrictions": ", ".join(_submission_sender_restrictions(state)),
        "classes": flow.classes(passed, (flow.FROM_INSIDE,) if guard else ()),
        "milters": bool(passed.milters),
        "filters": flow.filters(passed),
    }


def _flow(state: State) -> MailFlow:
    passed = mail_flow(state)
    return flow.about_everybody(passed) if _has_classes(state) else passed


def _has_classes(state: State) -> bool:
    """Whether people have restriction classes of their own, beside which ours are not defined."""
    own = overrides.last_value(override(state, "postfix-main.cf"), "smtpd_restriction_classes")
    return own is not None


def _guards_canary(state: State) -> bool:
    """Whether the server has an account of its own, and can keep outsiders from writing to it."""
    return not state.settings.smtp_only and not _has_classes(state)


def _destinations(state: State) -> tuple[str, ...]:
    return maps.destinations(state.desired, state.settings.hostname, state.settings.domainname)


def _local_domains(state: State) -> tuple[str, ...]:
    """The effective mydestination: the administrator's own, as far as it names domains, else ours."""
    settings = state.settings
    own = overrides.last_value(override(state, "postfix-main.cf"), "mydestination")
    if own is None:
        return _destinations(state)
    names = {"myhostname": settings.hostname, "mydomain": settings.domainname}
    return overrides.expanded_words(own, names)


def _tagged(state: State) -> list[str]:
    """Accounts that LMTP would not find: Dovecot takes everything from the delimiter on for a tag."""
    if not state.settings.postfix_dagent.endswith(_DOVECOT_LMTP):
        return []
    return maps.tagged(state.desired, _delimiters(state))


def _delimiters(state: State) -> str:
    """The characters that may begin an extension (postconf(5), recipient_delimiter)."""
    own = overrides.last_value(override(state, "postfix-main.cf"), "recipient_delimiter")
    return "+" if own is None else own


def _login_maps(state: State) -> str:
    """Who may send under which address; empty where everybody may use any."""
    if not state.settings.spoof_protection:
        return ""
    tagged = [_TAGGED] if _delimiters(state) else []
    own = f"inline:{{ {canary.ADDRESS}={canary.ADDRESS} }}"
    return " ".join(["lmdb:/etc/postfix/sender_login", "pcre:/etc/postfix/regexp", *tagged, own])


def _sender_restrictions(state: State) -> list[str]:
    names = [f"check_sender_access {_SENDERS}", "permit_sasl_authenticated", "permit_mynetworks"]
    if state.settings.postfix_reject_unknown_client_hostname:
        names.append("reject_unknown_client_hostname")
    return [*names, "reject_unknown_sender_domain"]


def _recipient_restrictions(passed: MailFlow, guard: Sequence[str]) -> list[str]:
    """Policy services come last, so that they are never asked about mail that is refused anyway."""
    return [
        "check_recipient_access lmdb:/etc/postfix/receive_access",
        *guard,
        "permit_sasl_authenticated",
        "permit_mynetworks",
        "reject_unauth_destination",
        "reject_unauth_pipelining",
        "reject_invalid_helo_hostname",
        "reject_non_fqdn_helo_hostname",
        "reject_unknown_recipient_domain",
        *flow.policy_checks(passed),
    ]


def _submission_sender_restrictions(state: State) -> list[str]:
    """Blocks a user who must not send by login as well, whatever sender address the message has."""
    names = [f"check_sasl_access {_SENDERS}", f"check_sender_access {_SENDERS}"]
    if state.settings.spoof_protection:
        names.append("reject_authenticated_sender_login_mismatch")
    return [*names, "permit_sasl_authenticated", "reject"]


def base_master(state: State) -> str:
    """master.cf without the administrator's options."""
    tls = encryption(state)
    return fill(
        "postfix/templates/master.cf",
        submission_tls="encrypt" if tls is Encryption.ON else "none",
        submissions=tls is not Encryption.AWAITED,
        implicit_tls=tls is Encryption.ON,
        submission_options=_submission_options(state),
        implicit_tls_options=_implicit_tls_options(state),
        other_services=[line for s in mail_flow(state).master_services for line in s.entry.splitlines()],
    )


def master_cf(state: State) -> RenderedFile:
    """/etc/postfix/master.cf: our services, with the administrator's options merged in."""
    own = without_removed(override(state, "postfix-master.cf"))
    text, origins = master_file.merge_master(base_master(state), own)
    return _reloaded("master.cf", text.encode(), origins)


def proxied(state: State) -> frozenset[str]:
    """The services (name/type) that expect a PROXY protocol header first."""
    main, base = override(state, "postfix-main.cf"), base_master(state)
    own = master_file.own_options(base, override(state, "postfix-master.cf"))
    found = set()
    for service, daemon in _BEHIND_PROXY.items():
        name = f"{daemon}_upstream_proxy_protocol"
        option = own.get(service, {}).get(name)
        if option.value if option else overrides.last_value(main, name):
            found.add(service)
    return frozenset(found)


def _submission_options(state: State) -> list[str]:
    """Options of 465 and 587: a login is required and sufficient, headers about the client are removed."""
    settings = state.settings
    return [
        f"smtpd_sasl_auth_enable={'no' if settings.smtp_only else 'yes'}",
        "smtpd_client_restrictions=permit_sasl_authenticated,reject",
        "smtpd_helo_restrictions=",
        "smtpd_sender_restrictions=$mua_sender_restrictions",
        "smtpd_relay_restrictions=permit_sasl_authenticated,reject",
        "smtpd_recipient_restrictions=$mua_recipient_restrictions",
        "smtpd_data_restrictions=",
        "smtpd_discard_ehlo_keywords=",
        "milter_macro_daemon_name=ORIGINATING",
        "cleanup_service_name=sender-cleanup",
        *([] if _asks_for_client_names(state) else ["smtpd_peername_lookup=no"]),
    ]


def _asks_for_client_names(state: State) -> bool:
    """Whether a filter or an option of people's own may look at the name of a client that submits mail."""
    passed = mail_flow(state)
    texts = [override(state, name) for name in ("postfix-main.cf", "postfix-master.cf", "user-patches.sh")]
    return bool(passed.milters or passed.content_filter or any(_CLIENT.search(text) for text in texts))


def _implicit_tls_options(state: State) -> list[str]:
    """More options of 465, where people have none of their own about TLS sessions.

    A session ticket leaves right before the greeting, which then waits for the client's acknowledgment of it:
    40 ms at least (RFC 9293 3.7.4 and 3.8.6.3), far more than a resumed session saves.
    """
    own = override(state, "postfix-main.cf")
    return (
        []
        if any(overrides.last_value(own, name) for name in _TLS_SESSIONS)
        else ["tls_session_ticket_cipher="]
    )


def _vhost(state: State) -> Iterator[RenderedFile]:
    # trivial-rewrite(8) keeps its connections and looks for changed tables only between them
    yield _map("vhost", maps.vhost(state.desired, _local_domains(state)), Action.RELOAD)


def _vmailbox(state: State) -> Iterator[RenderedFile]:
    yield _map("vmailbox", maps.vmailbox(state.desired))


def _virtual(state: State) -> Iterator[RenderedFile]:
    yield _map("virtual", maps.virtual(state.desired, _tagged(state)))


def _update_vmailbox(change: Change) -> Iterator[RenderedFile] | None:
    content = maps.update_vmailbox(_content(change), change.before.desired, change.after.desired)
    return None if content is None else iter([_map("vmailbox", content)])


def _update_virtual(change: Change) -> Iterator[RenderedFile] | None:
    if change.fields != {"aliases"}:
        return None
    before, after = change.before.desired, change.after.desired
    content = maps.update_virtual(_content(change), before, after, _tagged(change.after))
    return None if content is None else iter([_map("virtual", content)])


def _content(change: Change) -> bytes:
    (file,) = change.files
    assert isinstance(file, RenderedFile)  # noqa: S101  # a table, as its part rendered it
    return file.content


def _asked_about(state: State) -> Iterator[RenderedFile]:
    """Whom policy services are asked about."""
    for policy in _flow(state).policies:
        if policy.recipients is not None:
            rows = maps.asked_about(policy.name, policy.recipients(state))
            yield _map(PurePosixPath(flow.table(policy)).name, rows)


def _exact_delivery(state: State) -> Iterator[RenderedFile]:
    if tagged := _tagged(state):
        yield _map("exact_delivery", maps.exact_delivery(tagged), Action.RELOAD)


def _sender_login(state: State) -> Iterator[RenderedFile]:
    if state.settings.spoof_protection:
        yield _map("sender_login", maps.sender_login(state.desired))


def _tables(state: State) -> Iterator[RenderedFile]:
    """Tables whose rows are those of one file of `main`."""
    desired = state.desired
    yield _reloaded("regexp", maps.regexp(desired), (Origin(1, "config/postfix-regexp.cf", 0),))
    yield _access("send", desired.send_access)
    yield _access("receive", desired.receive_access)


def _others(state: State) -> Iterator[RenderedFile]:
    """What has no rows of accounts or aliases."""
    settings, hostname = state.settings, state.settings.hostname
    names = local_aliases.merged(settings.postmaster_address, override(state, "postfix-aliases.cf"))
    yield _reloaded("postscreen_access.cidr", fill("postfix/templates/postscreen_access.cidr").encode())
    yield _reloaded("sender_header_filter.pcre", _header_filter(hostname))
    yield _reloaded("openssl.cnf", fill("postfix/templates/openssl.cnf").encode())
    yield from (_reloaded(name, fill(f"postfix/templates/{name}").encode()) for name in _LMTP_REPLIES)
    yield RenderedFile("etc/mailname", lines([settings.domainname]), Action.NONE)
    yield _map("aliases", local_aliases.table(names))
    yield RenderedFile("etc/aliases", local_aliases.file(names), Action.NONE)
    if _TAGGED in _login_maps(state):
        text = fill("postfix/templates/tagged_senders.pcre", delimiters=_delimiters(state))
        yield _reloaded("tagged_senders.pcre", text.encode())
    if encryption(state) is Encryption.ON:
        yield _reloaded("dhparams.pem", dh.parameters(state))


def _header_filter(hostname: str) -> bytes:
    values = {"hostname": re.escape(hostname), "name": hostname}
    return fill("postfix/templates/sender_header_filter.pcre", **values).encode()


def _access(direction: str, actions: Mapping[str, str]) -> RenderedFile:
    return RenderedFile(
        f"etc/postfix/{direction}_access",
        maps.access(actions),
        Action.NONE,
        compile=Compile.POSTMAP,
        origins=(Origin(1, f"config/postfix-{direction}-access.cf", 0),),
    )


def _map(name: str, content: bytes, action: Action = Action.NONE) -> RenderedFile:
    return RenderedFile(f"etc/postfix/{name}", content, action, compile=Compile.POSTMAP)


def _reloaded(
    name: str, content: bytes, origins: tuple[Origin, ...] = (), restart_on: tuple[str, ...] = ()
) -> RenderedFile:
    return RenderedFile(f"etc/postfix/{name}", content, Action.RELOAD, origins=origins, restart_on=restart_on)


_CONFIGURATION = ("settings", "overrides", "certificates")
_RELAY = ("settings", "overrides", "domains", "alias_domains", "relay_routes", "relay_credentials")

PARTS: tuple[Part, ...] = (
    Part(("certificates", _tagged, *_RELAY), lambda state: [main_cf(state)]),
    Part(_CONFIGURATION, lambda state: [master_cf(state)]),
    Part(("settings", "overrides", "domains", "alias_domains"), _vhost),
    Part(("accounts",), _vmailbox, _update_vmailbox),
    Part(("aliases", _tagged), _virtual, _update_virtual),
    Part(("settings", "overrides", "accounts", "aliases", "quotas"), _asked_about),
    Part(("regexps", "send_access", "receive_access"), _tables),
    Part(_CONFIGURATION, _others),
    Part(_RELAY, relay_files),
    Part((_tagged,), _exact_delivery),
    Part(("settings", "accounts", "aliases"), _sender_login),
)
"""Everything that Postfix reads, by what it depends on."""
