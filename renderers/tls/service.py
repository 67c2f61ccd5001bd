"""The certificate files that Postfix and Dovecot share."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from controlplane.model import State
from controlplane.settings import Settings
from renderers.service import CertificateFile, CertificateSource, Complaint, Plain
from renderers.tls import dh
from wire.manifest import Action

SLOT, FALLBACK = "default", "fallback"
CERT = "etc/dms/tls/cert"
KEY = "etc/dms/tls/key"
FALLBACK_CERT = "etc/dms/tls/fallback_cert"
FALLBACK_KEY = "etc/dms/tls/fallback_key"
_PLACES = {SLOT: (CERT, KEY), FALLBACK: (FALLBACK_CERT, FALLBACK_KEY)}
_OWN_FILES = "/tmp/docker-mailserver/ssl"  # noqa: S108  # the documented place of the config volume
_LIVE = "/etc/letsencrypt/live"
_STORE = "/etc/letsencrypt/acme.json"


class Encryption(Enum):
    """Whether TLS is off, waiting for a certificate, or on."""

    OFF = "off"
    """SSL_TYPE is empty: no TLS, and passwords travel in the clear, as documented."""
    AWAITED = "awaited"
    """SSL_TYPE is set but no certificate was seen yet: no TLS, and no passwords without it."""
    ON = "on"


def encryption(state: State) -> Encryption:
    """Whether the daemons speak TLS in this state."""
    if not state.settings.ssl_type:
        return Encryption.OFF
    return Encryption.ON if SLOT in state.observed.certificates else Encryption.AWAITED


def served(state: State) -> tuple[str, ...]:
    """The slots whose certificates the daemons read, the preferred one first."""
    if encryption(state) is not Encryption.ON:
        return ()
    found = state.observed.certificates
    return (SLOT, FALLBACK) if FALLBACK in found and not unused(state, FALLBACK) else (SLOT,)


def chain_files(state: State) -> list[str]:
    """Key and chain of each served pair, in Postfix's order (postconf(5), smtpd_tls_chain_files)."""
    return [path for slot in served(state) for path in reversed(_PLACES[slot])]


def unused(state: State, slot: str) -> str:
    """Why the certificate in a slot is not served; empty when it is.

    OpenSSL holds one certificate of each algorithm (SSL_CTX_use_certificate(3)): a second one of the same
    would silently take the first one's place.
    """
    if slot == SLOT:
        return "" if encryption(state) is Encryption.ON else "TLS is off"
    if slot not in {source.slot for source in sources(state)}:
        return "no setting names it"
    first, second = (state.observed.certificates[name].key.split() for name in (SLOT, slot))
    if first[:1] == second[:1]:
        kind = " ".join(first[:1]) or "key"
        return f"has the same kind of key as the first one ({kind}): one of the two has to be another"
    return ""


def sources(state: State) -> list[CertificateSource]:
    """Where the node looks for certificates; empty while TLS is off."""
    settings = state.settings
    if settings.ssl_type == "manual":
        return _manual(settings)
    if settings.ssl_type == "custom":
        whole = settings.ssl_cert_path or f"{_OWN_FILES}/{settings.hostname}-full.pem"
        return [CertificateSource(SLOT, "custom", ((whole, whole),))]
    if settings.ssl_type == "self-signed":
        stem = f"{_OWN_FILES}/{settings.hostname}"
        pair = (f"{stem}-cert.pem", f"{stem}-key.pem")
        return [CertificateSource(SLOT, "self-signed", (pair,), ca=f"{_OWN_FILES}/demoCA/cacert.pem")]
    return [_letsencrypt(settings)] if settings.ssl_type == "letsencrypt" else []


def _manual(settings: Settings) -> list[CertificateSource]:
    found = [CertificateSource(SLOT, "manual", ((settings.ssl_cert_path, settings.ssl_key_path),))]
    if settings.ssl_alt_cert_path and settings.ssl_alt_key_path:
        pair = (settings.ssl_alt_cert_path, settings.ssl_alt_key_path)
        found.append(CertificateSource(FALLBACK, "manual", (pair,)))
    return found


def _letsencrypt(settings: Settings) -> CertificateSource:
    """Looks under SSL_DOMAIN, the host name and its domain; in a store also under their wildcards."""
    names = [settings.ssl_domain.removeprefix("*."), settings.hostname, settings.domainname]
    names = list(dict.fromkeys(name.lower() for name in names if name))
    folders = [f"{_LIVE}/{name}" for name in names]
    pairs = [
        (f"{folder}/{cert}.pem", f"{folder}/{key}.pem")
        for folder in folders
        for cert in ("fullchain", "cert")
        for key in ("privkey", "key")
    ]
    stored = [also for name in names for also in (name, f"*.{name.partition('.')[2]}", f"*.{name}")]
    known = tuple(name for name in dict.fromkeys(stored) if "." in name.removeprefix("*."))
    return CertificateSource(SLOT, "letsencrypt", tuple(pairs), store=_STORE, names=known)


class Tls(Plain):
    """No daemon of its own: only files, whose change reloads the services that read them.

    Nothing is probed here: the readers' probes speak TLS.
    """

    name = "tls"

    def programs(self, _state: State) -> tuple[str, ...]:
        """None: certificates are just files."""
        return ()

    def render(self, state: State) -> Iterable[CertificateFile]:
        """Chain and key of each certificate that is served."""
        readers = ("postfix",) if state.settings.smtp_only else ("dovecot", "postfix")
        for slot in served(state):
            identity = state.observed.certificates[slot].identity
            for path, part in zip(_PLACES[slot], ("chain", "key"), strict=True):
                yield CertificateFile(path, slot, part, identity, Action.RELOAD, readers)

    def complaints(self, state: State) -> Iterable[Complaint]:
        """A manual certificate without paths, and DH parameters that no daemon would accept."""
        settings = state.settings
        if settings.ssl_type == "manual" and not (settings.ssl_cert_path and settings.ssl_key_path):
            yield Complaint(
                "mailserver.env",
                0,
                "SSL_TYPE=manual does not say where the certificate is",
                "set SSL_CERT_PATH and SSL_KEY_PATH to files in the container",
            )
        yield from dh.complaints(state)
