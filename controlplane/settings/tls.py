"""Settings of certificates and encryption."""

from __future__ import annotations

from typing import ClassVar, Literal

from controlplane.settings.field import Area, setting
from controlplane.settings.types import AbsolutePath, Wildcard

MANUAL = {"SSL_TYPE": "manual"}


class Tls(Area):
    """Certificates, and which versions of TLS are spoken."""

    title: ClassVar[str] = "TLS"

    ssl_type: Literal["", "letsencrypt", "manual", "custom", "self-signed"] = setting(
        consumers=("tls", "postfix", "dovecot"),
        sample="self-signed",
        risks={"": "turns TLS off"},
    )
    """Where the certificate comes from. Empty: no TLS at all, not on 465 either, as for a proxy in front.

    `letsencrypt` finds the files that a Let's Encrypt client keeps in `/etc/letsencrypt/live`, or Traefik's
    store `/etc/letsencrypt/acme.json`; `manual` takes `SSL_CERT_PATH` and `SSL_KEY_PATH`; `custom` takes a
    single file with key and chain, `SSL_CERT_PATH` or `config/ssl/<FQDN>-full.pem`;
    `self-signed` takes the files in `config/ssl/`, and where there are none a certificate is made at the
    first start. Nobody else trusts a certificate that you signed yourself: that is for trying out.
    """

    ssl_cert_path: AbsolutePath = setting(
        consumers=("tls",),
        sample="/srv/tls/chain.pem",
        requires=MANUAL,
    )
    """The certificate with its chain, in PEM: a path in the container, for `SSL_TYPE=manual` and `custom`."""

    ssl_key_path: AbsolutePath = setting(
        consumers=("tls",),
        sample="/srv/tls/key.pem",
        requires=MANUAL,
    )
    """The private key of `SSL_CERT_PATH`: a path in the container, for `SSL_TYPE=manual`."""

    ssl_alt_cert_path: AbsolutePath = setting(
        consumers=("tls",),
        sample="/srv/tls/alt-chain.pem",
        requires={**MANUAL, "SSL_ALT_KEY_PATH": "/srv/tls/alt-key.pem"},
    )
    """A second certificate for clients that cannot use the first: RSA beside ECDSA (`manual` only)."""

    ssl_alt_key_path: AbsolutePath = setting(
        consumers=("tls",),
        sample="/srv/tls/alt-key.pem",
        requires={**MANUAL, "SSL_ALT_CERT_PATH": "/srv/tls/alt-chain.pem"},
    )
    """The private key of `SSL_ALT_CERT_PATH`."""

    ssl_domain: Wildcard = setting(
        consumers=("tls",), sample="*.example.org", requires={"SSL_TYPE": "letsencrypt"}
    )
    """The name to look for first below `letsencrypt/live` and in `acme.json`, where it is not the host name.

    Without it, and behind it, the host name is looked for and then its domain, which may have a wildcard.
    """

    tls_level: Literal["modern", "intermediate"] = setting(
        "modern",
        consumers=("postfix", "dovecot"),
        sample="intermediate",
        requires={"SSL_TYPE": "self-signed"},
        risks={"intermediate": "weakens TLS"},
    )
    """`modern` speaks TLS 1.2 and newer with authenticated encryption; `intermediate` also takes CBC suites.

    `intermediate` allows TLS 1.0 and 1.1 by name, but no level has suites with SHA-1, which these
    versions need.
    """
