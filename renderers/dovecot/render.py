"""What Dovecot reads, computed from the state; the templates only print."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from controlplane.model import State
from renderers.certificates import FALLBACK, Encryption, encryption, served
from renderers.dovecot import accounts, quota, sieve
from renderers.dovecot.hops import QUOTA_PORT
from renderers.service import Change, Origin, Part, RenderedFile
from renderers.text import fill
from renderers.tls import ciphers, dh
from renderers.tls.service import CERT, FALLBACK_CERT, FALLBACK_KEY, KEY
from wire.manifest import Action

_CONF_D = (
    "10-auth.conf",
    "10-mail.conf",
    "10-master.conf",
    "10-ssl.conf",
    "15-lda.conf",
    "15-mailboxes.conf",
    "20-imap.conf",
    "20-lmtp.conf",
    "20-managesieve.conf",
    "20-pop3.conf",
    "90-quota.conf",
    "90-sieve.conf",
    "auth-master.inc",
    "auth-passwdfile.inc",
)
_SESSIONS_PER_PROCESS = 100
_LISTEN = {"ipv4": "*", "ipv6": "::", "all": "*, ::"}


def protocols(state: State) -> tuple[str, ...]:
    """The protocols for clients (`sieve` is ManageSieve), and LMTP for Postfix."""
    settings = state.settings
    chosen = (
        ("imap", settings.enable_imap),
        ("pop3", settings.enable_pop3),
        ("lmtp", True),
        ("sieve", settings.enable_managesieve),
    )
    return tuple(name for name, on in chosen if on)


def _configuration(state: State) -> Iterator[RenderedFile]:
    values = _values(state)
    yield _reloaded("dovecot.conf", fill("dovecot/templates/dovecot.conf", **values).encode())
    for name in _CONF_D:
        yield _reloaded(f"conf.d/{name}", fill(f"dovecot/templates/conf.d/{name}", **values).encode())
    if own := state.desired.overrides.get("dovecot.cf"):
        yield _reloaded("local.conf", own.content, (Origin(1, "config/dovecot.cf"),))
    if values["tls"]:
        yield _reloaded("dh.pem", dh.parameters(state))


def _userdb(state: State) -> Iterator[RenderedFile]:
    yield _looked_up("userdb", accounts.userdb(state.desired.accounts.values(), *_login(state)))


def _update_userdb(change: Change) -> Iterator[RenderedFile] | None:
    (file,) = change.files
    if change.fields != {"accounts"} or not isinstance(file, RenderedFile):
        return None
    before, after = change.before.desired.accounts, change.after.desired.accounts
    content = accounts.update_userdb(file.content, before, after, *_login(change.after))
    return None if content is None else iter([_looked_up("userdb", content)])


def _login(state: State) -> tuple[Mapping[str, str], int, int]:
    """Extra fields by address, user and group id."""
    extras = _joined(quota.rules(state), sieve.fields(state))
    return extras, state.settings.dms_vmail_uid, state.settings.dms_vmail_gid


def _masterdb(state: State) -> Iterator[RenderedFile]:
    yield _looked_up("masterdb", accounts.masterdb(state.desired.masters.values()), sealed=True)


def _quota_aliases(state: State) -> Iterator[RenderedFile]:
    if state.settings.enable_quotas:
        yield _looked_up("quota-aliases", quota.aliases(state, _login(state)[0]))


def _scripts(state: State) -> Iterator[RenderedFile]:
    yield from sieve.scripts(state)
    yield from sieve.programs(state)


def _joined(*fields: Mapping[str, str]) -> dict[str, str]:
    """Join the fields of several sources, by address."""
    joined: dict[str, str] = {}
    for one in fields:
        for address, text in one.items():
            joined[address] = f"{joined[address]} {text}" if address in joined else text
    return joined


def _values(state: State) -> dict[str, Any]:
    settings = state.settings
    tls = encryption(state)
    on = tls is Encryption.ON
    level = ciphers.level(settings.tls_level)
    return {
        "protocols": " ".join(protocols(state)),
        "sessions_per_process": _sessions_per_process(state),
        "listen": _LISTEN[settings.dovecot_inet_protocols],
        "disable_plaintext_auth": "no" if tls is Encryption.OFF else "yes",
        "uid": settings.dms_vmail_uid,
        "gid": settings.dms_vmail_gid,
        "mailbox_format": settings.dovecot_mailbox_format,
        "quotas": settings.enable_quotas,
        "mailbox_limit": settings.postfix_mailbox_size_limit,
        "message_limit": settings.postfix_message_size_limit,
        "loopback": "::1" if settings.dovecot_inet_protocols == "ipv6" else "127.0.0.1",
        # Postfix asks; without IPv4 it cannot reach the usual one
        "quota_policy_address": "::1" if settings.postfix_inet_protocols == "ipv6" else "127.0.0.1",
        "quota_port": QUOTA_PORT,
        "masters": bool(state.desired.masters),
        "imaps_port": 993 if on else 0,
        "pop3s_port": 995 if on else 0,
        "tls": on,
        "cert": CERT,
        "key": KEY,
        "fallback_cert": FALLBACK_CERT if FALLBACK in served(state) else "",
        "fallback_key": FALLBACK_KEY,
        "oldest_tls": level.oldest,
        "ciphers": level.ciphers,
        "server_order": "yes" if level.server_order else "no",
        "hostname": state.settings.hostname,
        "postmaster": settings.postmaster_address,
    }


def _sessions_per_process(state: State) -> int:
    """How many sessions a mail process serves, one after the other.

    With encrypted mailboxes one: what opened a mailbox may be found in its process's memory afterwards.
    """
    own = state.desired.overrides.get("dovecot.cf")
    return 1 if own and b"mail_crypt" in own.content else _SESSIONS_PER_PROCESS


def _looked_up(name: str, content: bytes, sealed: bool = False) -> RenderedFile:
    """A passwd-file, which Dovecot rereads when it changes; `sealed` if its hashes may be."""
    path, owner = f"etc/dovecot/{name}", "root:dovecot"
    return RenderedFile(path, content, Action.NONE, mode=0o640, owner=owner, fill=sealed)


def _reloaded(name: str, content: bytes, origins: tuple[Origin, ...] = ()) -> RenderedFile:
    return RenderedFile(f"etc/dovecot/{name}", content, Action.RELOAD, origins=origins)


def _has_masters(state: State) -> bool:
    return bool(state.desired.masters)


PARTS: tuple[Part, ...] = (
    Part(("settings", "overrides", "certificates", _has_masters), _configuration),
    Part(("settings", "overrides", "accounts", "quotas"), _userdb, _update_userdb),
    Part(("masters",), _masterdb),
    Part(("settings", "overrides", "accounts", "aliases", "quotas"), _quota_aliases),
    Part(("settings", "overrides", sieve.personal), _scripts),
)
"""Everything that Dovecot reads, by what it depends on."""
