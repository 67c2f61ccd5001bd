"""What IMAP sessions offer, how many there may be, and the processes that serve them."""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
import urllib.request
from contextlib import ExitStack

import pytest

from tests.integration import clients
from tests.integration.dovecot_settings.box import LMTP, Box, ask
from tests.integration.dovecot_settings.group import Group
from tests.integration.polling import poll

CIPHERS = ("ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256")

SESSIONS = Group("sessions")


@SESSIONS.shows("auth_default_realm = example.com\n")
def auth_default_realm(box: Box) -> None:
    """Who leaves out the domain is of this one."""
    with box.imap("sessions") as session:
        made = box.store(session)
    assert box.stored(made)


@SESSIONS.shows("mail_max_userip_connections = 3\n")
def mail_max_userip_connections(box: Box) -> None:
    """One session more is refused, and one that ends makes room."""
    with ExitStack() as held:
        for _ in range(3):
            held.enter_context(box.imap())
        with pytest.raises(imaplib.IMAP4.error, match="mail_max_userip_connections"), box.imap():
            pass

    def room() -> bool:
        with box.imap() as session:
            return bool(session.noop()[0] == "OK")

    poll(room, "room for a session")


@SESSIONS.shows("""
    service imap {
      service_count = 1
    }
    """)
def service_count(box: Box) -> None:
    """A process serves one session and ends with it."""
    with box.imap() as session:
        pid = own_process(box, session)
        ask(session, "LOGOUT")
    poll(lambda: box.server.run("test", "-d", f"/proc/{pid}").returncode, "the process ended")


@SESSIONS.shows("verbose_proctitle = yes\n")
def verbose_proctitle(box: Box) -> None:
    """The list of processes shows who is served."""
    with box.imap() as session:
        pid = own_process(box, session)
        assert "172." in box.server.must("ps", "-o", "args=", "-p", pid)


@SESSIONS.shows("""
    service pop3-login {
      process_min_avail = 3
    }
    """)
def process_min_avail(box: Box) -> None:
    """So many processes wait for clients."""
    poll(lambda: len(processes(box, "pop3-login")) >= 3, "three processes that wait")


@SESSIONS.shows("default_process_limit = 4\n")
def default_process_limit(box: Box) -> None:
    """Where a service has no limit of its own, the client that needs one process more is not served."""
    with ExitStack() as held:
        for _ in range(4):
            held.enter_context(socket.create_connection((box.host, LMTP), clients.SECONDS)).recv(100)
        held.enter_context(socket.create_connection((box.host, LMTP), clients.SECONDS))
        box.logged(r"service\(lmtp\): process_limit \(4\) reached")
        assert len(processes(box, "lmtp")) == 4
    box.deliver()


@SESSIONS.shows("default_vsz_limit = 768 M\n")
def default_vsz_limit(box: Box) -> None:
    """A process may take so much memory."""
    with box.imap() as session:
        pid = own_process(box, session)
        assert re.search(rf"address space +{768 << 20} ", box.server.must("cat", f"/proc/{pid}/limits"))


@SESSIONS.shows("import_environment = $import_environment TZ=JST-9\n")
def import_environment(box: Box) -> None:
    """Processes have the variable in their environment from the next start on: times are of this zone."""
    box.server.must("supervisorctl", "restart", "dovecot")

    def zone() -> bool:
        with box.imap() as session:
            box.store(session)
            session.select(readonly=True)
            return '+0900"' in ask(session, "FETCH * INTERNALDATE")

    poll(zone, "times of the zone")


@SESSIONS.shows("""
    service imap-login {
      inet_listener imap {
        port = 0
      }
    }
    """)
def port(box: Box) -> None:
    """A port that is not wanted is closed."""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((box.host, 143), clients.SECONDS)
    with box.imap() as session:
        assert session.noop()[0] == "OK"


@SESSIONS.shows("listen = 0.0.0.0\n")
def listen(box: Box) -> None:
    """No port is open by IPv6."""
    listening = box.server.must("ss", "-ltnp")
    assert re.search(r" 0\.0\.0\.0:993 .*imap-login|dovecot", listening)
    assert "[::]:993 " not in listening


@SESSIONS.shows(f"ssl_min_protocol = TLSv1.2\nssl_cipher_list = {':'.join(CIPHERS)}\n")
def ssl_cipher_list(box: Box) -> None:
    """A client that knows none of these ciphers is refused."""
    assert cipher(box, CIPHERS[0]) == CIPHERS[0]
    with pytest.raises((ssl.SSLError, ConnectionError)):
        cipher(box, "ECDHE-ECDSA-CHACHA20-POLY1305")


@SESSIONS.shows("ssl_prefer_server_ciphers = no\n")
def ssl_prefer_server_ciphers(box: Box) -> None:
    """The client chooses among the ciphers."""
    for first, second in (CIPHERS, CIPHERS[::-1]):
        assert cipher(box, f"{first}:{second}") == first


@SESSIONS.shows("""
    service stats {
      inet_listener http {
        port = 9900
      }
    }
    metric imap_commands {
      filter = event=imap_command_finished
    }
    """)
def metric(box: Box) -> None:
    """What is counted is there for Prometheus."""
    with box.imap() as session:
        session.noop()

    def counted() -> bool:
        with urllib.request.urlopen(f"http://{box.host}:9900/metrics", timeout=clients.SECONDS) as page:
            return bool(
                re.search(r"^dovecot_imap_commands_total\S* [1-9]", page.read().decode(), re.MULTILINE)
            )

    poll(counted, "the metric counts")


@SESSIONS.shows("imap_idle_notify_interval = 1 secs\n")
def imap_idle_notify_interval(box: Box) -> None:
    """A client that waits hears so often that the server is still there."""
    with box.imap() as session:
        session.select()
        session.send(b"i IDLE\r\n")
        assert session.readline().startswith(b"+ ")
        assert session.readline() == b"* OK Still here\r\n"


@SESSIONS.shows("imap_literal_minus = yes\n")
def imap_literal_minus(box: Box) -> None:
    """Literals without waiting are offered for small texts alone (RFC 7888)."""
    with box.imap() as session:
        capabilities = ask(session, "CAPABILITY").split()
    assert "LITERAL-" in capabilities
    assert "LITERAL+" not in capabilities


@SESSIONS.shows("imap_id_send = name Example support-url https://mail.example.com/\n")
def imap_id_send(box: Box) -> None:
    """Clients that ask are told this of the server (RFC 2971)."""
    with box.imap() as session:
        said = ask(session, "ID NIL")
    assert '* ID ("name" "Example" "support-url" "https://mail.example.com/")' in said


@SESSIONS.shows("imap_logout_format = received=%i sent=%o\n")
def imap_logout_format(box: Box) -> None:
    """The line of a logout has these figures."""
    with box.imap() as session:
        ask(session, "LOGOUT")
    box.logged(r"imap\(sessions@example\.com\).* received=\d+ sent=\d+$")


@SESSIONS.shows("""
    imap_metadata = yes
    mail_attribute_dict = file:%h/attributes
    """)
def mail_attribute_dict(box: Box) -> None:
    """Clients keep notes with a folder (RFC 5464), which lie in the user's home."""
    with box.imap() as session:
        assert "METADATA" in ask(session, "CAPABILITY").split()
        assert "ask OK" in ask(session, 'SETMETADATA INBOX (/private/comment "Mine")')
    with box.imap() as session:
        assert "Mine" in ask(session, "GETMETADATA INBOX /private/comment")
    assert "Mine" in box.server.must("cat", "/var/mail/example.com/sessions/home/attributes")


@SESSIONS.shows("mail_server_admin = mailto:admin@example.com\n")
def mail_server_admin(box: Box) -> None:
    """Clients can ask whom to write to."""
    with box.imap() as session:
        assert "mailto:admin@example.com" in ask(session, 'GETMETADATA "" /shared/admin')


def processes(box: Box, name: str) -> list[str]:
    """The ids of Dovecot's processes of that name."""
    return box.server.run("pgrep", "-f", f"^dovecot/{name}( |$)").stdout.split()


def own_process(box: Box, session: imaplib.IMAP4) -> str:
    """The id of the one that serves IMAP to the group's account, once those of former sessions are gone."""

    def found() -> str:
        session.noop()  # a process may show whom it serves with the first command
        pids = processes(box, rf"imap .*{re.escape(box.user)}")
        return pids[0] if len(pids) == 1 else ""

    return poll(found, f"one process for {box.user}")


def cipher(box: Box, offered: str) -> str:
    """What TLS 1.2 on 993 agrees on with a client of these ciphers."""
    context = clients.any_certificate()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(offered)
    with (
        socket.create_connection(("127.0.0.1", box.server.port(993)), clients.SECONDS) as raw,
        context.wrap_socket(raw) as made,
    ):
        agreed = made.cipher()
    assert agreed
    return agreed[0]
