"""The certificate files that Postfix and Dovecot share."""

from __future__ import annotations

from collections.abc import Iterable

from controlplane.model import State
from renderers.certificates import FALLBACK, SLOT, served
from renderers.service import CertificateFile, Complaint, Plain
from renderers.tls import dh
from wire.manifest import Action

CERT = "etc/dms/tls/cert"
KEY = "etc/dms/tls/key"
FALLBACK_CERT = "etc/dms/tls/fallback_cert"
FALLBACK_KEY = "etc/dms/tls/fallback_key"
_PLACES = {SLOT: (CERT, KEY), FALLBACK: (FALLBACK_CERT, FALLBACK_KEY)}


def chain_files(state: State) -> list[str]:
    """Key and chain of each served pair, in Postfix's order (postconf(5), smtpd_tls_chain_files)."""
    return [path for slot in served(state) for path in reversed(_PLACES[slot])]


class Tls(Plain):
    """No daemon of its own: only files, whose change reloads the services that read them.

    Nothing is probed here: the readers' probes speak TLS.
    """

    name = "tls"
    reads = ("settings", "certificates", "overrides")

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
