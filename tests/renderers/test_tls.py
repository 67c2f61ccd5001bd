"""Where certificates are looked for, which of them are served, and Diffie-Hellman parameters."""

from __future__ import annotations

import base64
from dataclasses import replace
from itertools import pairwise

import pytest

from renderers.certificates import sources, unused
from renderers.service import CertificateFile, RenderedFile
from tests.renderers.states import CERTIFICATE, MANUAL, SECOND, TWO, complaints, render_node, state

LIVE = "/etc/letsencrypt/live"


def text(settings: dict[str, str], path: str, **more: object) -> str:
    """A rendered file."""
    file = render_node(state(settings, **more)).files[path]  # type: ignore[arg-type]
    assert isinstance(file, RenderedFile)
    return file.content.decode()


def test_letsencrypt_looks_for_the_name_that_was_set_first() -> None:
    """Then for the host name and its domain, in certbot's files and those of other clients."""
    (source,) = sources(state({"SSL_TYPE": "letsencrypt", "SSL_DOMAIN": "*.example.org"}))
    whole = (cert for cert, _ in source.pairs if cert.endswith("/cert.pem"))
    folders = list(dict.fromkeys(cert.rpartition("/")[0] for cert in whole))
    assert folders == [f"{LIVE}/example.org", f"{LIVE}/mail.example.test", f"{LIVE}/example.test"]
    first = [(cert.rpartition("/")[2], key.rpartition("/")[2]) for cert, key in source.pairs[:4]]
    assert first == [
        ("fullchain.pem", "privkey.pem"),
        ("fullchain.pem", "key.pem"),
        ("cert.pem", "privkey.pem"),
        ("cert.pem", "key.pem"),
    ]
    others = [cert.removeprefix(f"{LIVE}/") for cert, _ in source.pairs if cert.endswith(".crt")]
    assert others[:4] == [
        "example.org/example.org.crt",
        "example.org.crt",
        "wildcard_.example.org/wildcard_.example.org.crt",
        "_.example.org.crt",
    ]
    assert (f"{LIVE}/example.org-0001/fullchain.pem", f"{LIVE}/example.org-0001/privkey.pem") in source.pairs


@pytest.mark.parametrize(
    ("domain", "hostname", "names"),
    [
        (
            "",
            "mail.example.test",
            ["mail.example.test", "*.example.test", "*.mail.example.test", "example.test"],
        ),
        ("example.test", "mail.example.test", ["example.test", "*.example.test", "mail.example.test"]),
        ("", "example.test", ["example.test", "*.example.test"]),
    ],
)
def test_names_to_look_for_in_a_store(domain: str, hostname: str, names: list[str]) -> None:
    """The host name goes before its domain unless another is set; a wildcard covers one level."""
    (source,) = sources(state({"SSL_TYPE": "letsencrypt", "SSL_DOMAIN": domain}, hostname=hostname))
    places = [source.names.index(name) for name in names]
    assert all(a < b for a, b in pairwise(places))
    assert "*.test" not in source.names


def test_custom_is_one_file() -> None:
    """The one that is set, or the documented place on the config volume."""
    (source,) = sources(state({"SSL_TYPE": "custom"}))
    assert source.pairs == (("/tmp/docker-mailserver/ssl/mail.example.test-full.pem",) * 2,)
    (source,) = sources(state({"SSL_TYPE": "custom", "SSL_CERT_PATH": "/srv/all.pem"}))
    assert source.pairs == (("/srv/all.pem",) * 2,)


def test_self_signed_is_three_files() -> None:
    """Named after the host, with the authority's."""
    (source,) = sources(state({"SSL_TYPE": "self-signed"}))
    stem = "/tmp/docker-mailserver/ssl"
    assert source.pairs == ((f"{stem}/mail.example.test-cert.pem", f"{stem}/mail.example.test-key.pem"),)
    assert source.ca == f"{stem}/demoCA/cacert.pem"


def test_two_certificates_are_served_by_both() -> None:
    """Postfix gets key before chain, Dovecot the alternative."""
    assert "smtpd_tls_chain_files = /etc/dms/tls/key, /etc/dms/tls/cert, /etc/dms/tls/fallback_key, " in text(
        TWO, "etc/postfix/main.cf", second=SECOND
    )
    assert "ssl_alt_cert = </etc/dms/tls/fallback_cert" in text(
        TWO, "etc/dovecot/conf.d/10-ssl.conf", second=SECOND
    )


@pytest.mark.parametrize(
    ("settings", "second", "reason"),
    [
        (TWO, replace(SECOND, key="ECDSA P-384"), "has the same kind of key as the first one (ECDSA)"),
        (MANUAL, SECOND, "no setting names it"),
    ],
)
def test_a_second_certificate_that_cannot_serve_beside_the_first(
    settings: dict[str, str], second: object, reason: str
) -> None:
    """It would take the first one's place, or was taken away."""
    found = state(settings, second=second)  # type: ignore[arg-type]
    assert unused(found, "fallback").startswith(reason)
    slots = {f.slot for f in render_node(found).files.values() if isinstance(f, CertificateFile)}
    assert slots == {"default"}


def test_another_chain_is_another_file() -> None:
    """The same leaf with other issuers has to reach the daemons."""
    one, other = (
        render_node(state(MANUAL, certificate=replace(CERTIFICATE, chain=digit * 64))).files[
            "etc/dms/tls/cert"
        ]
        for digit in "12"
    )
    assert one != other


DH_2048 = b"\x30\x82\x01\x08\x02\x82\x01\x01\x00" + b"\xff" * 256 + b"\x02\x01\x02"
DH_1024 = b"\x30\x81\x87\x02\x81\x81\x00" + b"\xff" * 128 + b"\x02\x01\x02"


def pem(der: bytes) -> bytes:
    """DH parameters as OpenSSL writes them."""
    body = base64.encodebytes(der)
    return b"-----BEGIN DH PARAMETERS-----\n" + body + b"-----END DH PARAMETERS-----\n"


def test_own_dh_parameters_reach_both() -> None:
    """dhparams.pem of main goes before the group of RFC 7919."""
    overrides = {"dhparams.pem": pem(DH_2048)}
    assert complaints(state(MANUAL, overrides=overrides)) == []
    for path in ("etc/postfix/dhparams.pem", "etc/dovecot/dh.pem"):
        assert text(MANUAL, path, overrides=overrides).encode() == pem(DH_2048)
        assert text(MANUAL, path) != pem(DH_2048).decode()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no Diffie-Hellman parameters"),
        (b"nonsense\n", "holds no Diffie-Hellman parameters"),
        (pem(b"\x30\x05hello"), "holds no Diffie-Hellman parameters"),
        (pem(DH_2048[:200]), "holds no Diffie-Hellman parameters"),
        (pem(DH_1024), "its prime has 1024 bits"),
    ],
)
def test_dh_parameters_that_no_daemon_takes(content: bytes, message: str) -> None:
    """Refused at the push, with the file."""
    (found,) = complaints(state(MANUAL, overrides={"dhparams.pem": content}))
    assert found.path == "config/dhparams.pem"
    assert message in found.message
