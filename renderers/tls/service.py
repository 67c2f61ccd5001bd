"""The certificate files that Postfix and Dovecot share."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from controlplane.model import State
from renderers.service import Action, CertificateFile, CertificateSource, Complaint, Probe

SLOT = "default"
CERT = "etc/dms/tls/cert"
KEY = "etc/dms/tls/key"
_SELF_SIGNED = "/tmp/docker-mailserver/ssl"  # noqa: S108  # the documented place of the config volume


class Encryption(Enum):
    """How far TLS has come."""

    OFF = "off"
    """SSL_TYPE is empty: no TLS, and passwords travel in the clear, as documented."""
    AWAITED = "awaited"
    """SSL_TYPE is set and no certificate was seen yet: no TLS, and no passwords without it."""
    ON = "on"


def encryption(state: State) -> Encryption:
    """Whether the daemons speak TLS in this state."""
    if not state.settings.ssl_type:
        return Encryption.OFF
    return Encryption.ON if SLOT in state.observed.certificates else Encryption.AWAITED


def sources(state: State) -> list[CertificateSource]:
    """Where the node looks for certificates; empty while TLS is off or its type is not supported."""
    settings = state.settings
    if settings.ssl_type == "manual":
        return [CertificateSource(SLOT, "manual", settings.ssl_cert_path, settings.ssl_key_path, "")]
    if settings.ssl_type == "self-signed":
        stem = f"{_SELF_SIGNED}/{state.settings.hostname}"
        ca = f"{_SELF_SIGNED}/demoCA/cacert.pem"
        return [CertificateSource(SLOT, "self-signed", f"{stem}-cert.pem", f"{stem}-key.pem", ca)]
    return []


class Tls:
    """No daemon of its own: the files only, which make those that read them reload."""

    name = "tls"

    def programs(self, state: State) -> tuple[str, ...]:
        """None: certificates are files."""
        return ()

    def render(self, state: State) -> Iterable[CertificateFile]:
        """Chain and key, where a certificate is served."""
        if encryption(state) is not Encryption.ON:
            return
        fingerprint = state.observed.certificates[SLOT].fingerprint
        readers = ("postfix",) if state.settings.smtp_only else ("dovecot", "postfix")
        for path, part in ((CERT, "chain"), (KEY, "key")):
            yield CertificateFile(path, SLOT, part, fingerprint, Action.RELOAD, readers)

    def probes(self, state: State) -> tuple[Probe, ...]:
        """None: the readers' probes speak TLS."""
        return ()

    def complaints(self, state: State) -> Iterable[Complaint]:
        """A manual certificate without its paths."""
        settings = state.settings
        if settings.ssl_type == "manual" and not (settings.ssl_cert_path and settings.ssl_key_path):
            yield Complaint(
                "mailserver.env",
                0,
                "SSL_TYPE=manual does not say where the certificate is",
                "set SSL_CERT_PATH and SSL_KEY_PATH to files in the container",
            )
