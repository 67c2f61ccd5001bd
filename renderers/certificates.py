"""Which certificates a server has, which of them serve, and where a node looks for them.

Whoever needs to know asks here: the services that read them, the manifest, and the control plane, which tells
people of them. Only the files they become are the business of a service (`renderers.tls`).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from controlplane.model import State
from controlplane.settings import Settings
from renderers.service import CertificateSource

SLOT, FALLBACK = "default", "fallback"
_OWN_FILES = "/tmp/docker-mailserver/ssl"  # noqa: S108  # the documented place of the config volume
_LIVE = "/etc/letsencrypt/live"
_LINEAGES = 3
"""How many further folders of certbot for one name are looked at."""
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
    pairs = tuple(pair for name in names for pair in _live_pairs(name))
    stored = [also for name in names for also in (name, f"*.{name.partition('.')[2]}", f"*.{name}")]
    known = tuple(name for name in dict.fromkeys(stored) if "." in name.removeprefix("*."))
    return CertificateSource(SLOT, "letsencrypt", pairs, store=_STORE, names=known)


def _live_pairs(name: str) -> Iterator[tuple[str, str]]:
    """Where the usual clients keep a name's certificate, by their documentation.

    The folder of certbot and acme-companion; what certbot makes beside it when names change (NAME-0001);
    Caddy's folder with files of its own name; acme-companion's and lego's files of the name. Caddy calls a
    wildcard `wildcard_.NAME`, lego `_.NAME`.
    """
    for cert in ("fullchain", "cert"):
        for key in ("privkey", "key"):
            yield f"{_LIVE}/{name}/{cert}.pem", f"{_LIVE}/{name}/{key}.pem"
    for number in range(1, _LINEAGES + 1):
        folder = f"{_LIVE}/{name}-{number:04d}"
        yield f"{folder}/fullchain.pem", f"{folder}/privkey.pem"
    stems = [f"{name}/{name}", name, f"wildcard_.{name}/wildcard_.{name}", f"_.{name}"]
    yield from ((f"{_LIVE}/{stem}.crt", f"{_LIVE}/{stem}.key") for stem in stems)
