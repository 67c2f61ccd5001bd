"""Who may log in, how, and what is logged of it."""

from __future__ import annotations

import hashlib
import imaplib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest

from tests.integration import clients
from tests.integration.dovecot_settings.box import Box, ask
from tests.integration.dovecot_settings.group import Group
from tests.integration.polling import poll
from tests.integration.server import PASSWORD

GUEST, GUESTS = "guest@example.com", "/etc/dovecot/guests"
OTHER, OTHER_PAIR = "imap.other.test", "/etc/dovecot/other.pem"
MASTER, WRONG = "of the master", "not the right one"
QUICK = 1.9
"""Seconds: less than it takes by default."""
WRONG_HASH = hashlib.sha1(WRONG.encode(), usedforsecurity=False).hexdigest()


def prepare(box: Box) -> None:
    """A list of further users, a certificate for another name, and a master account."""
    server = box.server
    hashed = server.must("doveadm", "pw", "-s", "CRAM-MD5", "-p", PASSWORD).strip()
    server.must("sh", "-c", f"cat > {GUESTS}", stdin=f"{GUEST}:{hashed}\n")
    made = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", f"/CN={OTHER}")
    pair = ("-keyout", OTHER_PAIR, "-out", "/dev/stdout")
    certificate = server.must("openssl", "req", "-x509", "-nodes", *made, *pair)
    server.must("sh", "-c", f"cat >> {OTHER_PAIR}; chmod 644 {OTHER_PAIR}", stdin=certificate)
    server.must("setup", "dovecot-master", "add", "admin", MASTER)


LOGINS = Group("logins", prepare)


@LOGINS.shows("login_greeting = Good morning.\n")
def login_greeting(box: Box) -> None:
    """Clients are greeted with it."""
    with plain(box, 143) as session:
        assert session.welcome.endswith(b" Good morning.")


@LOGINS.shows("imap_capability = +XEXAMPLE\n")
def imap_capability(box: Box) -> None:
    """What is added to the capabilities leaves the others."""
    with box.imap() as session:
        said = ask(session, "CAPABILITY")
    assert {"IMAP4rev1", "IDLE", "QUOTA", "XEXAMPLE"} <= set(said.split())


@LOGINS.shows("auth_mechanisms = $auth_mechanisms cram-md5\n")
def auth_mechanisms(box: Box) -> None:
    """A mechanism is offered beside the usual ones, and serves."""
    with plain(box, 143) as session:
        assert {"AUTH=PLAIN", "AUTH=LOGIN", "AUTH=CRAM-MD5"} <= set(session.capabilities)
        assert session.login_cram_md5(GUEST, PASSWORD)[0] == "OK"


@LOGINS.shows(f"""
    passdb {{
      driver = passwd-file
      args = scheme=CRAM-MD5 username_format=%Lu {GUESTS}
    }}
    """)
def passdb(box: Box) -> None:
    """Those in a further list may log in with its passwords alone, all others as before."""
    with box.imap(GUEST) as session:
        assert session.noop()[0] == "OK"
    failed_login(box, GUEST)
    with box.imap() as session:
        assert session.noop()[0] == "OK"


@LOGINS.shows("""
    userdb {
      driver = static
      args = uid=vmail gid=vmail home=/var/mail/guests/%Ln mail=maildir:~/Maildir
    }
    """)
def userdb(box: Box) -> None:
    """Users without an account of ours have their mail where it says, all others where it was."""
    with box.imap(GUEST) as session:
        box.store(session)
    assert any(
        "/Maildir/cur/" in path or "/Maildir/new/" in path for path in box.files("/var/mail/guests/guest")
    )
    with box.imap() as session:
        box.store(session)
    assert box.files("/var/mail/example.com/logins/cur") or box.files("/var/mail/example.com/logins/new")


@LOGINS.shows("ssl = yes\ndisable_plaintext_auth = no\n")
def disable_plaintext_auth(box: Box) -> None:
    """Passwords are taken on unencrypted connections."""
    with plain(box, 143) as session:
        assert "LOGINDISABLED" not in session.capabilities
        assert session.login(box.user, PASSWORD)[0] == "OK"


@LOGINS.shows("auth_failure_delay = 0\n")
def auth_failure_delay(box: Box) -> None:
    """Who gives a wrong password hears so at once, not after the usual two seconds."""
    poll(lambda: refusal(box) < QUICK, "a quick answer")


@LOGINS.shows("""
    service anvil {
      unix_listener anvil-auth-penalty {
        mode = 0
      }
    }
    """)
def unix_listener(box: Box) -> None:
    """Who does so again and again is not kept waiting either, as nobody counts."""
    poll(lambda: all(refusal(box) < QUICK for _ in range(3)), "quick answers")


@LOGINS.shows("auth_verbose = yes\n")
def auth_verbose(box: Box) -> None:
    """The log says why somebody was turned away."""
    failed_login(box, "stranger@example.com")
    box.logged(r"dovecot: auth.*stranger@example\.com.*unknown user")


@LOGINS.shows("auth_verbose_passwords = sha1:6\n")
def auth_verbose_passwords(box: Box) -> None:
    """The beginning of the hash of a wrong password is logged."""
    failed_login(box, box.user)
    box.logged(rf"dovecot: auth.*logins@example\.com.*given password: (\{{SHA1\}})?{WRONG_HASH[:6]}\b")


@LOGINS.shows("auth_debug = yes\n")
def auth_debug(box: Box) -> None:
    """The log tells each step of a login."""
    with box.imap():
        box.logged(r"dovecot: auth\S* Debug: .*logins@example\.com")


@LOGINS.shows("auth_master_user_separator = /\n")
def auth_master_user_separator(box: Box) -> None:
    """Master accounts are named behind this sign."""
    with box.imap() as session:
        made = box.store(session)
    with box.imap(f"{box.user}/admin", MASTER) as session:
        assert clients.found(session, str(made["Subject"]))


@LOGINS.shows('auth_username_translation = "#@"\n')
def auth_username_translation(box: Box) -> None:
    """Clients that cannot send an @ send the other sign."""
    with box.imap("logins#example.com") as session:
        assert session.noop()[0] == "OK"


@LOGINS.shows("login_log_format_elements = user=<%u> method=%m from=%r to=%l\n")
def login_log_format_elements(box: Box) -> None:
    """The line of a login has these parts."""
    with box.imap():
        line = box.logged(r"imap-login: .*user=<logins@example\.com>.* method=PLAIN.* from=\d")
    assert "session=" not in line


@LOGINS.shows(f"""
    local_name {OTHER} {{
      ssl_cert = <{OTHER_PAIR}
      ssl_key = <{OTHER_PAIR}
    }}
    """)
def local_name(box: Box) -> None:
    """A client that asks for this name gets its certificate, and others do not."""
    own = ssl.PEM_cert_to_DER_cert(box.server.must("openssl", "x509", "-in", OTHER_PAIR))
    assert served(box, OTHER).certificate == own
    assert served(box, "mail.example.test").certificate != own


@LOGINS.shows("ssl_min_protocol = TLSv1.3\n")
def ssl_min_protocol(box: Box) -> None:
    """Older versions of TLS are refused."""
    assert served(box, OTHER).version == "TLSv1.3"
    with pytest.raises((ssl.SSLError, ConnectionError)):
        served(box, OTHER, ssl.TLSVersion.TLSv1_2)


@LOGINS.shows("""
    service imap-login {
      inet_listener imap-beside {
        port = 1143
      }
    }
    """)
def inet_listener(box: Box) -> None:
    """IMAP is served on a further port."""
    with plain(box, 1143, box.host) as session:
        assert session.login(box.user, PASSWORD)[0] == "OK"


@LOGINS.shows("""
    haproxy_trusted_networks = 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16
    service imap-login {
      inet_listener imap-proxied {
        haproxy = yes
        port = 10143
      }
    }
    """)
def haproxy_trusted_networks(box: Box) -> None:
    """A proxy that is trusted says whom it speaks for."""
    with socket.create_connection((box.host, 10143), clients.SECONDS) as proxy:
        proxy.sendall(b"PROXY TCP4 203.0.113.9 203.0.113.1 40000 143\r\n")
        stream = proxy.makefile("rwb")
        assert stream.readline().startswith(b"* OK")
        stream.write(f'a LOGIN "{box.user}" "{PASSWORD}"\r\n'.encode())
        stream.flush()
        assert next(line for line in stream if line.startswith(b"a ")).startswith(b"a OK")
    box.logged(r"imap-login: .*user=<logins@example\.com>.* from=203\.0\.113\.9")


def failed_login(box: Box, user: str) -> None:
    """A login with a wrong password."""
    assert "auth failed" in box.server.run("doveadm", "auth", "test", user, WRONG).stdout


def refusal(box: Box) -> float:
    """How long a wrong password takes, in seconds."""
    start = time.monotonic()
    failed_login(box, box.user)
    return time.monotonic() - start


class Handshake(NamedTuple):
    """What it came to."""

    version: str | None
    certificate: bytes | None


@contextmanager
def plain(box: Box, port: int, host: str = "") -> Iterator[imaplib.IMAP4]:
    """An unencrypted session, greeted and no more, on a published port or on one of that host."""
    place = (host, port) if host else ("127.0.0.1", box.server.port(port))
    session = imaplib.IMAP4(*place, timeout=clients.SECONDS)
    try:
        yield session
    finally:
        session.shutdown()


def served(box: Box, name: str, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> Handshake:
    """A handshake on 993 for the server's name, with no newer version than that."""
    context = clients.any_certificate()
    context.maximum_version = newest
    with (
        socket.create_connection(("127.0.0.1", box.server.port(993)), clients.SECONDS) as raw,
        context.wrap_socket(raw, server_hostname=name) as made,
    ):
        return Handshake(made.version(), made.getpeercert(binary_form=True))
