"""Certificates of every SSL_TYPE, laid out as the guide's examples lay them out, serve and are renewed."""

from __future__ import annotations

import dataclasses
import imaplib
import json
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import docker
import pytest
from testcontainers.core.network import Network

from tests.certificates import Authority
from tests.integration import clients
from tests.integration.conftest import started
from tests.integration.handshakes import address, leaf, s_client
from tests.integration.polling import poll
from tests.integration.server import PASSWORD
from tests.integration.tls_box import (
    HOST,
    MANUAL,
    SECOND,
    TYPES,
    USER,
    Box,
    Held,
    Host,
    by_hand,
    replace,
    traefik_row,
)
from tests.integration.traffic import Traffic

SERVES = 2.0
"""Seconds from the last written byte of a renewal to a handshake with it, on a quiet machine."""
BUSY = 20.0
"""How much longer it may take on a machine that does something else."""
QUICK = (465, 993)
"""One port of each daemon."""


@pytest.fixture(scope="module")
def box(
    engine: docker.DockerClient, network: Network, resolver: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Box]:
    """One server for all types; `main` switches between them."""
    folder = tmp_path_factory.mktemp("tls")
    mounts = Host(folder).make()
    settings = {"ENABLE_RSPAMD": "0", "OVERRIDE_HOSTNAME": HOST}
    with started(engine, network, resolver, settings, volumes=mounts) as server:
        server.add_account(USER)
        yield Box(folder, server, server.clone(folder / "clone"), Authority(host=HOST))


@pytest.mark.shows("SSL_TYPE", "SSL_CERT_PATH", "SSL_KEY_PATH", "SSL_DOMAIN", "ssl")
@pytest.mark.parametrize("kind", ["certbot", "traefik", "manual", "custom", "self-signed"])
def test_a_certificate_serves_and_is_renewed(box: Box, kind: str) -> None:
    """On every port, seconds after its files appear; a renewal loses neither a session nor a message."""
    settings, provision, name, key = TYPES[kind]
    box.set(**settings)
    first, second = (box.authority.issue(name, kind=key) for _ in range(2))
    provision(box, first)
    box.wait_for(first)
    with Traffic(box.server, USER) as traffic, ExitStack() as stack:
        held = Held(box, stack)
        provision(box, second)
        seconds = box.wait_for(second, QUICK)
        box.wait_for(second)
        subjects = held.must_live()
    assert seconds < SERVES + BUSY
    assert max(traffic.outages.values()) < SERVES + BUSY
    traffic.taken += subjects
    poll(lambda: not traffic.missing(), "every message that was taken arrived", 40, every=0.5)
    told = box.certificates()
    (row,) = (row for row in told["certificates"] if row["slot"] == "default")
    assert (row["fingerprint"], row["names"], row["warnings"]) == (second.fingerprint, [name], [])
    assert told["refused"] == []
    assert box.server.log("--kind", "certificate.renewed")[-1]["detail"].startswith(f"{name}, ends ")
    assert not box.server.status()["drift"]


@pytest.mark.shows("SSL_TYPE", "SSL_DOMAIN", "kubernetes")
@pytest.mark.parametrize("kind", ["acme-companion", "kubernetes", "certbot -0001", "caddy", "lego"])
def test_other_layouts_are_followed(box: Box, kind: str) -> None:
    """A wildcard under another name of the key, links through a swapped folder, files of other names."""
    settings, provision, name, key = TYPES[kind]
    box.path("acme.json").write_text("")
    shutil.rmtree(box.path("letsencrypt/live/x").parent, ignore_errors=True)
    box.set(**settings)
    for _ in range(2):
        pair = box.authority.issue(name, kind=key)
        provision(box, pair)
        box.wait_for(pair, QUICK)


def test_what_cannot_serve_is_passed_over(box: Box) -> None:
    """Of several that fit, one serves that has not ended and fits its key; the others are told of."""
    ended, good, other = box.authority.issue(days=-0.5), box.authority.issue(), box.authority.issue()
    content = {
        "old": {"Certificates": [traefik_row(ended, HOST)]},
        "broken": {"Certificates": [traefik_row(dataclasses.replace(other, secret=good.secret), HOST)]},
        "new": {"Certificates": [traefik_row(good, "*.example.com")]},
    }
    box.path("acme.json").write_text(json.dumps(content))
    box.set(SSL_TYPE="letsencrypt")
    box.wait_for(good, QUICK)
    place = "⚠ /etc/letsencrypt/acme.json ({} of {}) is passed over for certificate default: {}"
    old = place.format(HOST, "old", "it ended on ")
    said = poll(lambda: text if old in (text := box.server.must("mailctl", "certificates")) else "", old, 20)
    assert place.format(HOST, "broken", "certificate and key cannot be used together") in said
    assert box.certificates()["refused"] == []
    soon = box.authority.issue(days=10 / 86400)
    content["old"] = {"Certificates": [traefik_row(soon, HOST)]}
    box.path("acme.json").write_text(json.dumps(content))
    box.wait_for(soon, QUICK)
    box.wait_for(good, QUICK)


@pytest.mark.shows("SSL_ALT_CERT_PATH", "SSL_ALT_KEY_PATH")
def test_two_certificates_side_by_side(box: Box) -> None:
    """Each client gets what it can use; the second one goes when no setting names it."""
    ecdsa, rsa = box.authority.issue(), box.authority.issue(kind="rsa")
    by_hand(box, ecdsa)
    replace(box.path("certs/rsa.crt"), rsa.chain)
    replace(box.path("certs/rsa.key"), rsa.key)
    box.set(**MANUAL, **SECOND)
    poll(lambda: len(box.certificates()["certificates"]) == 2, "both are known", 40)
    box.wait_for(ecdsa, QUICK)
    clients_and_certificates = (
        (("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"), ecdsa),
        (("-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"), rsa),
        (("-tls1_3", "-sigalgs", "ecdsa_secp256r1_sha256"), ecdsa),
        (("-tls1_3", "-sigalgs", "rsa_pss_rsae_sha256"), rsa),
    )
    for port in (25, 465, 993):
        for options, pair in clients_and_certificates:
            poll(
                lambda o=options, p=pair, n=port: p.cert in s_client(box.server, n, *o),
                f"{port} {options}",
                15,
            )
    assert all(row["serves"] for row in box.certificates()["certificates"])
    box.set(**MANUAL)
    poll(lambda: len(box.certificates()["certificates"]) == 1, "the second one goes", 40)
    entry = box.server.log("--kind", "certificate.removed")[-1]
    assert entry["subject"] == "fallback"
    poll(lambda: not s_client(box.server, 993, *clients_and_certificates[1][0]), "it serves no more", 30)


@pytest.mark.shows("dhparams.pem")
def test_own_dh_parameters(box: Box) -> None:
    """ffdhe4096 by default, dhparams.pem of the config folder instead; without the file as before."""
    rsa = box.authority.issue(kind="rsa")
    by_hand(box, rsa)
    box.set(**MANUAL)
    box.wait_for(rsa, QUICK)

    def bits(port: int) -> str:
        said = s_client(box.server, port, "-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256")
        return "".join(re.findall(r"Temp Key: DH, (\d+) bits", said))

    group = "dh_param:ffdhe2048"
    smaller = box.server.must("openssl", "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", group)
    for text, expected in (("", "4096"), (smaller, "2048"), ("", "4096")):
        place = box.path("config/dhparams.pem")
        place.write_text(text) if text else place.unlink(missing_ok=True)
        for port in (25, 465, 993):
            poll(lambda p=port, e=expected: bits(p) == e, f"{expected} bits on {port}", 40)


def test_a_sealed_key_on_main_serves(box: Box) -> None:
    """The certificate and its sealed key are pushed; in the repository the key stays sealed."""
    pair = box.authority.issue()
    for place in box.path("config/ssl/x").parent.glob("*.pem"):
        place.unlink()
    box.set(SSL_TYPE="self-signed")
    box.clone.write(f"config/ssl/{HOST}-cert.pem", pair.cert)
    sealed = box.server.must("mailctl", "seal", stdin=pair.key)
    assert box.clone.change(f"config/ssl/{HOST}-key.pem", sealed, "Bring the certificate").accepted
    box.wait_for(pair, QUICK)
    assert "PRIVATE" not in box.path(f"config/ssl/{HOST}-key.pem").read_text()


ALL, NONE = (25, 465, 587, 993), ()
HANDSHAKES = {
    # (level, options of the client): the ports on which a handshake comes about
    ("modern", "-tls1_1"): NONE,
    ("modern", "-tls1_2"): ALL,
    ("modern", "-tls1_3"): ALL,
    ("modern", "-tls1_2 -cipher ECDHE-RSA-AES256-GCM-SHA384"): ALL,
    # A server without authenticated encryption would send in the clear otherwise.
    ("modern", "-tls1_2 -cipher ECDHE-RSA-AES128-SHA256"): (25,),
    ("modern", "-tls1_2 -cipher DHE-RSA-AES256-SHA256"): (25,),
    ("intermediate", "-tls1_2"): ALL,
    ("intermediate", "-tls1_3"): ALL,
    ("intermediate", "-tls1_2 -cipher ECDHE-RSA-AES128-SHA256"): ALL,
    ("intermediate", "-tls1_2 -cipher ECDHE-RSA-AES256-SHA384"): ALL,
    ("intermediate", "-tls1_2 -cipher DHE-RSA-AES128-SHA256"): ALL,
} | {
    (level, f"-tls1_2 -cipher {suites}:@SECLEVEL=0"): NONE
    for level in ("modern", "intermediate")
    for suites in (
        "AES128-SHA",
        "AES256-GCM-SHA384",
        "AES128-SHA256",
        "ECDHE-RSA-AES128-SHA",
        "DHE-RSA-AES256-SHA",
        "CAMELLIA",
        "SEED",
        "aNULL:NULL:RC4:3DES",
    )
}


@pytest.mark.shows("TLS_LEVEL")
@pytest.mark.parametrize("level", ["modern", "intermediate"])
def test_versions_and_ciphers(box: Box, level: str) -> None:
    """What the levels promise, by handshakes on each kind of port."""
    rsa = box.authority.issue(kind="rsa")
    by_hand(box, rsa)
    box.set(**MANUAL, TLS_LEVEL=level)
    box.wait_for(rsa, QUICK)
    for (when, options), ports in HANDSHAKES.items():
        words = options.split() if "-cipher" in options else [*options.split(), "-cipher", "ALL:@SECLEVEL=0"]
        for port in ALL if when == level else ():
            poll(
                lambda w=words, p=port, y=port in ports: bool(s_client(box.server, p, *w)) == y,
                f"{port} {words}",
                15,
            )


def test_a_pair_that_cannot_serve_is_refused(box: Box) -> None:
    """A key that does not fit, half a file, an expired one: reported with the reason; the old one stays."""
    good, other, over = (box.authority.issue(days=days, since=-30) for days in (90, 90, -1))
    by_hand(box, good)
    box.set(**MANUAL)
    box.wait_for(good, QUICK)
    host, crt, key = address(box.server), box.path("certs/public.crt"), box.path("certs/private.key")

    def refused() -> str:
        return " ".join(str(row["reason"]) for row in box.certificates()["refused"])

    for cert, secret, reason in (
        (good.chain, other.key, "key values mismatch"),
        (good.chain[:300], good.key, "no certificate in PEM"),
        (over.chain, over.key, "it ended on"),
        (good.chain, "", "no private key in PEM"),
    ):
        replace(crt, cert)
        replace(key, secret)
        poll(lambda r=reason: r in refused(), reason, 40)
        assert leaf(host, 993) == leaf(host, 465) == good.fingerprint
        assert reason in box.server.must("mailctl", "status")
        assert reason in box.server.must("mailctl", "certificates")
        assert reason in box.server.log("--kind", "certificate.refused")[-1]["detail"]
    by_hand(box, good)
    poll(lambda: not refused(), "all is well again", 40)
    key.unlink()
    poll(lambda: "are not both there; the certificate read before stays" in refused(), "it is missed", 40)
    assert leaf(host, 993) == good.fingerprint


def test_an_end_that_is_near_is_a_warning(box: Box) -> None:
    """In `status` and in `certificates`, for people and for scripts."""
    soon = box.authority.issue(days=10.5)
    by_hand(box, soon)
    box.set(**MANUAL)
    box.wait_for(soon, QUICK)
    lines = box.server.must("mailctl", "status").splitlines()
    assert f"certificate  {HOST}  ends in 10 days" in lines
    assert "⚠ certificate default ends in 10 days: renew it" in lines
    text = box.server.must("mailctl", "certificates")
    for part in ("ECDSA P-256", "CN=Test Root CA", "/tmp/dms/custom-certs/public.crt", "ends in 10 days"):
        assert part in text
    assert box.certificates()["certificates"][0]["days"] == 10


EXAMPLES = {
    "chain": (
        "openssl s_client -connect 0.0.0.0:25 -starttls smtp -CApath /etc/ssl/certs/",
        "Verify return code: 0 (ok)",
    ),
    "dates": (
        "openssl s_client -connect 0.0.0.0:25 -starttls smtp -CApath /etc/ssl/certs/ 2>/dev/null"
        " | openssl x509 -noout -dates",
        "notAfter=",
    ),
    "two weeks": (
        """export SITE_URL="mail.example.com"
export SITE_IP_URL="127.0.0.1"
export SITE_SSL_PORT="993"
certcheck_2weeks=`openssl s_client -connect ${SITE_IP_URL}:${SITE_SSL_PORT} \\
 -servername ${SITE_URL} 2> /dev/null | openssl x509 -noout -checkend 1209600`
echo $certcheck_2weeks""",
        "Certificate will not expire",
    ),
}


@pytest.mark.shows("ssl")
def test_the_guides_own_checks(box: Box) -> None:
    """The commands for trying it, where the authority is trusted, say what the guide says."""
    good = box.authority.issue()
    by_hand(box, good)
    box.set(**MANUAL)
    box.wait_for(good)
    box.server.must("tee", "/usr/local/share/ca-certificates/test.crt", stdin=good.ca)
    box.server.must("update-ca-certificates")
    for command, expected in EXAMPLES.values():
        assert expected in box.server.must("bash", "-c", command)


@pytest.mark.shows("ssl", "SSL_TYPE", "dovecot.cf")
def test_plain_text_access(box: Box) -> None:
    """The guide's two lines in dovecot.cf let clients log in without TLS, and still offer it."""

    def logged_in() -> bool:
        session = imaplib.IMAP4(address(box.server), 143, timeout=10)
        try:
            return "STARTTLS" in session.capabilities and session.login(USER, PASSWORD)[0] == "OK"
        finally:
            session.shutdown()

    assert not _works(logged_in)
    box.path("config/dovecot.cf").write_text("ssl = yes\ndisable_plaintext_auth=no\n")
    poll(logged_in, "a login without TLS", 40)
    box.path("config/dovecot.cf").unlink()
    poll(lambda: not _works(logged_in), "no login without TLS any more", 40)


def _works(attempt: Callable[[], bool]) -> bool:
    try:
        return attempt()
    except imaplib.IMAP4.error:
        return False


@pytest.mark.shows("SSL_TYPE")
def test_an_empty_type_turns_tls_off(box: Box) -> None:
    """Nothing offers it, 465 takes log-ins in the clear, the certificate is let go; then it is on again."""
    box.set(SSL_TYPE="")
    poll(lambda: not box.certificates()["certificates"], "the certificate is let go", 40)
    assert box.server.must("mailctl", "certificates") == "no certificate: TLS is off\n"
    assert box.server.log("--kind", "certificate.removed")[-1]["subject"] == "default"
    host = address(box.server)
    with clients.smtp(host, 25) as smtp, imaplib.IMAP4(host, 143) as imap:
        smtp.ehlo()
        assert not smtp.has_extn("starttls")
        assert "STARTTLS" not in imap.capabilities
    with pytest.raises(OSError):
        socket.create_connection((host, 993), 5)
    with clients.smtp(host, 465) as smtp:
        smtp.ehlo()
        assert smtp.has_extn("auth")
    again = box.authority.issue(kind="rsa")
    by_hand(box, again)
    box.set(**MANUAL)
    box.wait_for(again)
    box.server.must("mailctl", "verify")
