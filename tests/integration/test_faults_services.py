"""Suspended releases, drift, dead service processes, certificates that do not fit, a silent name server."""

from __future__ import annotations

import imaplib
import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import docker
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from testcontainers.core.network import Network

from tests.integration import clients
from tests.integration.conftest import HOSTNAME, started
from tests.integration.polling import poll
from tests.integration.server import PASSWORD, Server

Start = Callable[..., Server]
PAIR = {"SSL_TYPE": "manual", "SSL_CERT_PATH": "/pair/cert.pem", "SSL_KEY_PATH": "/pair/key.pem"}
NOWHERE = "192.0.2.1"
"""An address that never answers (RFC 5737)."""


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate and its key."""
    folder = tmp_path_factory.mktemp("pair")
    write_pair(folder)
    return folder


@pytest.fixture(scope="module")
def box(engine: docker.DockerClient, network: Network, resolver: str, pair: Path) -> Iterator[Server]:
    """A server with a certificate from outside, and an account."""
    settings = {"ENABLE_RSPAMD": "0", **PAIR}
    with started(engine, network, resolver, settings, volumes={str(pair): "/pair"}) as server:
        server.add_account("user@example.test")
        yield server


def write_pair(folder: Path, with_key: bool = True) -> bytes:
    """Put a new certificate (and its key, unless it is to be wrong) in place; its DER form."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOSTNAME)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOSTNAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding
    written = {"cert.pem": made.public_bytes(encoding.PEM)}
    if with_key:
        form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        written["key.pem"] = key.private_bytes(encoding.PEM, form, plain)
    for file, content in written.items():
        aside = folder / f".{file}"
        aside.write_bytes(content)
        aside.replace(folder / file)
    return made.public_bytes(encoding.DER)


def served(server: Server, port: int = 993) -> bytes:
    """The certificate that a client sees, in DER."""
    with (
        socket.create_connection(("127.0.0.1", server.port(port)), clients.SECONDS) as plain,
        clients.any_certificate().wrap_socket(plain, server_hostname=HOSTNAME) as session,
    ):
        return session.getpeercert(binary_form=True) or b""


@pytest.mark.shows("ssl/", "SSL_TYPE")
def test_a_wrong_pair_keeps_the_old_one_and_a_new_one_drops_nobody(box: Server, pair: Path) -> None:
    """A certificate without its key is reported and not served; the next good pair is, and sessions stay."""
    old = served(box)
    assert old == ssl.PEM_cert_to_DER_cert((pair / "cert.pem").read_text())
    with box.imap("user@example.test") as session:
        write_pair(pair, with_key=False)
        poll(lambda: box.log("--kind", "certificate.refused"), "it is told", 10, every=0.2)
        assert "is not taken over" in box.must("mailctl", "status")
        assert served(box) == served(box, 465) == old
        new = write_pair(pair)
        poll(lambda: served(box) == served(box, 465) == new, "the new pair is served", 10, every=0.2)
        assert session.noop()[0] == "OK"
        assert session.select("INBOX")[0] == "OK"
    assert "is not taken over" not in box.must("mailctl", "status")
    box.must("mailctl", "verify")


def test_suspended_releases_wait(box: Server) -> None:
    """Changes are recorded and held back; status says so; resume brings them all."""
    box.must("mailctl", "suspend")
    box.must("setup", "email", "add", "later@example.test", PASSWORD)
    status = box.status()
    assert status["suspended"]
    assert status["applied"] < status["release"]
    assert "suspended" in box.must("mailctl", "status").splitlines()[0]
    with pytest.raises(imaplib.IMAP4.error), box.imap("later@example.test"):
        pass
    box.must("mailctl", "resume")
    poll(lambda: box.status()["applied"] == box.status()["release"], "it is applied", 10)
    with box.imap("later@example.test"):
        pass
    assert not box.status()["suspended"]
    assert [e["kind"] for e in box.log("--kind", "apply.resumed")] == ["apply.resumed"]


@pytest.mark.parametrize("path", ["etc/postfix/main.cf", "etc/dovecot/conf.d/10-mail.conf"])
def test_drift_is_told_and_healed(box: Server, path: str) -> None:
    """A managed file that somebody edits in the container is named at once, and put right by reconcile."""
    before = box.must("cat", f"/{path}")
    box.must("bash", "-c", f"echo '# by hand' >> /{path}")
    poll(lambda: box.status()["drift"] == [path], "status names the file", 10, every=0.2)
    assert f"drift: {path}" in box.must("mailctl", "status")
    poll(lambda: box.log("--kind", "drift.detected"), "the log has it", 5, every=0.2)
    box.must("mailctl", "reconcile", "--wait")
    poll(lambda: not box.status()["drift"], "it is healed", 10, every=0.2)
    assert box.must("cat", f"/{path}") == before
    poll(lambda: box.log("--kind", "drift.healed"), "the log has that, too", 5, every=0.2)
    box.must("mailctl", "verify")


@pytest.mark.parametrize("program", ["dovecot", "postfix"])
def test_a_service_that_dies_is_back(box: Server, program: str) -> None:
    """Killed or stopped behind supervisor's back, it serves again within half a minute."""
    for command in ("kill -9 $(supervisorctl pid {0})", "{1}"):
        before = box.pid(program)
        stop = {"dovecot": "doveadm stop", "postfix": "postfix stop"}[program]
        box.must("bash", "-c", command.format(program, stop))
        poll(lambda b=before: box.pid(program) not in (0, b), "it is back", 30, every=0.3)  # type: ignore[misc]
    poll(lambda: box.status()["healthy"], "all probes answer", 30, every=0.3)
    box.wait_for_mail("user@example.test", box.deliver("user@example.test"))


def test_rspamd_that_dies_is_back(rspamd_server: Server) -> None:
    """Mail waits for its scan, it does not pass without one."""
    user = rspamd_server.add_account("scanned@example.test")
    before = rspamd_server.pid("rspamd")
    rspamd_server.must("kill", "-9", str(before))
    poll(lambda: rspamd_server.pid("rspamd") not in (0, before), "it is back", 30, every=0.3)
    poll(lambda: rspamd_server.status()["healthy"], "all probes answer", 30, every=0.3)
    made = poll(lambda: rspamd_server.deliver(user), "mail is taken again", 30, every=0.5)
    assert "X-Spam" in rspamd_server.wait_for_mail(user, made)


def test_without_dns_it_starts_and_says_so(engine: docker.DockerClient, network: Network) -> None:
    """A name server that never answers keeps nobody from logging in, sending or reading."""
    with started(engine, network, NOWHERE, {"ENABLE_RSPAMD": "0"}) as server:
        user = server.add_account("user@example.test")
        assert server.status()["dns"] is False
        assert "no working DNS" in server.must("mailctl", "status")
        made = clients.message(user, user)
        with server.submission(user) as session:
            session.send_message(made, user, [user])
        server.wait_for_mail(user, made)
