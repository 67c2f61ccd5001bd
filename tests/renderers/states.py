"""States to render, small and complete."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from controlplane.model import (
    Account,
    Alias,
    Certificate,
    Desired,
    Master,
    NodeStatus,
    Observed,
    Override,
    RegexpAlias,
    State,
)
from renderers import release
from renderers.release import NodeTree, render
from renderers.service import Complaint

HOSTNAME = "mail.example.test"
HASH = "{SHA512-CRYPT}$6$salt$hash"
CERTIFICATE = Certificate(
    slot="default",
    fingerprint="ab" * 32,
    names=(HOSTNAME,),
    serial="1",
    not_before="2026-01-01T00:00:00Z",
    not_after="2027-01-01T00:00:00Z",
    issuer="Test CA",
    chain="cd" * 32,
    key="ECDSA P-256",
)
SECOND = replace(CERTIFICATE, slot="fallback", chain="ef" * 32, key="RSA 2048")
MANUAL = {"SSL_TYPE": "manual", "SSL_CERT_PATH": "/c", "SSL_KEY_PATH": "/k"}
TWO = {**MANUAL, "SSL_ALT_CERT_PATH": "/c2", "SSL_ALT_KEY_PATH": "/k2"}


def state(
    settings: Mapping[str, str] | None = None,
    *,
    accounts: Iterable[str] = (),
    aliases: Mapping[str, tuple[str, ...]] | None = None,
    regexps: Mapping[str, tuple[str, ...]] | None = None,
    overrides: Mapping[str, bytes] | None = None,
    relay_routes: Mapping[str, str] | None = None,
    relay_credentials: Mapping[str, str] | None = None,
    send_access: Mapping[str, str] | None = None,
    receive_access: Mapping[str, str] | None = None,
    quotas: Mapping[str, str] | None = None,
    masters: Iterable[str] = (),
    certificate: Certificate | None = CERTIFICATE,
    second: Certificate | None = None,
    hostname: str = HOSTNAME,
) -> State:
    """A state from plain values; every account has the same hash."""
    return State(
        Desired(
            accounts={a: Account(a, HASH) for a in accounts},
            aliases={s: Alias(s, t) for s, t in (aliases or {}).items()},
            regexps={p: RegexpAlias(p, t) for p, t in (regexps or {}).items()},
            settings=dict(settings or {}),
            overrides={p: Override(p, c) for p, c in (overrides or {}).items()},
            relay_routes=relay_routes or {},
            relay_credentials=relay_credentials or {},
            send_access=send_access or {},
            receive_access=receive_access or {},
            quotas=dict(quotas or {}),
            masters={name: Master(name, HASH) for name in masters},
        ),
        Observed(
            certificates={each.slot: each for each in (certificate, second) if each},
            nodes={"mail": NodeStatus("mail", hostname=hostname)},
        ),
    )


def render_node(of: State) -> NodeTree:
    """What the node of a single container gets."""
    return render(of, of.node)


def complaints(of: State) -> list[Complaint]:
    """What its services refuse."""
    return release.complaints(of, of.node)


KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIw0cTn2NBqHkkAd7BR8rtOy8JzJbGLrNWgy2MKMK8j9 ada@laptop\n"

CASES: Mapping[str, State] = {
    "empty": state(certificate=None),
    "default": state(
        accounts=("user1@example.test", "user2@example.test"),
        aliases={"info@example.test": ("user1@example.test",)},
    ),
    "full": state(
        {
            "SSL_TYPE": "self-signed",
            "ENABLE_RSPAMD": "1",
            "ENABLE_POSTGREY": "1",
            "SPOOF_PROTECTION": "1",
            "ENABLE_DNSBL": "1",
            "ENABLE_POP3": "1",
            "ENABLE_MANAGESIEVE": "1",
            "POSTFIX_MAILBOX_SIZE_LIMIT": "50000000",
            "MARK_SPAM_AS_READ": "1",
            "SPAM_SUBJECT": "[SPAM] ",
            "TLS_LEVEL": "intermediate",
            "PERMIT_DOCKER": "connected-networks",
            "RELAY_HOST": "relay.provider.test",
            "RELAY_PORT": "587",
            "UPDATE_CHECK_URL": "https://forge.example.test/api/releases/latest",
            "UPDATE_CHECK_INTERVAL": "12h",
        },
        accounts=("user1@example.test", "other@second.test"),
        aliases={
            "info@example.test": ("user1@example.test", "friend@outside.test"),
            "@third.test": ("info@example.test",),
        },
        regexps={r"/^test[0-9]+@example\.test$/": ("user1@example.test",)},
        overrides={
            "postfix-main.cf": b"# mine\nmax_idle = 99s\nmessage_size_limit =\n  20480000\nmax_idle = 100s\n",
            "postfix-master.cf": b"submission/inet/smtpd_reject_unlisted_recipient=no\n",
            "dovecot.cf": b"mail_max_userip_connections = 100\n",
            "before.dovecot.sieve": b'require "fileinto";\n',
            "user1@example.test.dovecot.sieve": b"keep;\n",
            "rspamd/custom-commands.conf": b"disable-module chartable\n",
            "rspamd/override.d/actions.conf": b"reject = 12;\n",
            "gitops/authorized_keys": KEY,
            "whitelist_clients.local": b"example.org\n",
            "whitelist_recipients": b"other@second.test\n",
            "postfix-aliases.cf": b"devnull: /dev/null\nroot: admin\n",
            "sieve-pipe/external-program": b"#!/bin/sh\ncat > /dev/null\n",
        },
        relay_routes={"@second.test": "[smtp.provider.test]:587", "@third.test": ""},
        relay_credentials={"@second.test": "user:age:" + 64 * "c2Vh", "[smtp.provider.test]:587": "a:b"},
        send_access={"user1@example.test": "REJECT"},
        receive_access={"other@second.test": "REJECT"},
        quotas={"user1@example.test": "12M", "gone@example.test": "1M"},
        masters=("admin",),
    ),
    "awaiting-certificate": state({"SSL_TYPE": "self-signed"}, certificate=None),
    "smtp-only": state({"SMTP_ONLY": "1", **MANUAL}),
    "two-certificates": state(TWO, second=SECOND),
    "letsencrypt": state({"SSL_TYPE": "letsencrypt", "SSL_DOMAIN": "*.example.org"}),
    "tagged": state(
        {"MOVE_SPAM_TO_JUNK": "0", "SPAM_SUBJECT": "[SPAM] "},
        accounts=("user1@example.test", "user1+sales@example.test"),
    ),
}
"""What the golden trees are made of."""
