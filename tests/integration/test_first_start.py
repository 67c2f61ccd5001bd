"""The first start with files that are there already, and with ids of one's own."""

from __future__ import annotations

import imaplib
import smtplib
from collections.abc import Callable
from contextlib import AbstractContextManager
from email.message import EmailMessage
from pathlib import Path

import pytest

from controlplane.cli.setup.passwords import hash_password
from tests.integration import clients
from tests.integration.polling import poll
from tests.integration.server import Server

VOLUME = "/tmp/docker-mailserver"
NAMES = ("plain@example.test", "o'neil+x@example.test", "a!#$%&'*+-=?^_`{}~b@example.test")


@pytest.mark.shows("usage", "optional-config")
def test_a_filled_volume_serves_from_the_first_moment(fresh: Callable[..., Server], tmp_path: Path) -> None:
    """One apply, one ready line; all signs of an address can log in; an old key file is replaced."""
    folder = tmp_path / "config"
    (folder / "gitops").mkdir(parents=True)
    hashed = hash_password("secret")
    (folder / "postfix-accounts.cf").write_text("".join(f"{name}|{hashed}\n" for name in NAMES))
    (folder / "gitops/recipient.txt").write_text("age1old\n")
    ids = {"ENABLE_RSPAMD": "0", "DMS_VMAIL_UID": "5005", "DMS_VMAIL_GID": "5006", "ENABLE_SRS": "1"}
    server = fresh(ids, volumes={str(folder): VOLUME})

    said = server.container.logs().decode()
    assert said.count("is up and running") == 1
    assert said.count("agent: applied release=") == 1
    assert "ENABLE_SRS" in next(line for line in said.splitlines() if "not supported yet" in line)
    assert "age1old" not in server.must("cat", f"{VOLUME}/gitops/recipient.txt")
    assert not server.log("--kind", "edit.refused")
    boxes = [f"/var/mail/example.test/{name.partition('@')[0]}" for name in NAMES]
    poll(lambda: not server.run("stat", *boxes).returncode, "each account has its folder", 10)
    assert set(server.must("stat", "-c", "%u:%g %a", "/var/mail/example.test", *boxes).split()) == {
        "5005:5006",
        "700",
    }
    for name in NAMES:
        with _in_the_clear(server, name) as session:
            assert session.select("INBOX")[0] == "OK"
    made = server.deliver(NAMES[0])
    poll(lambda: _arrived(server, NAMES[0], made), "mail is delivered", 20)
    server.must("setup", "email", "add", "new@example.test", "secret")
    places = ("/var/mail", "/var/mail/example.test/new", "/var/mail/example.test/plain/new")
    assert set(server.must("stat", "-c", "%u:%g", *places).split()) == {"5005:5006"}

    server.run("bash", "-c", "kill -9 $(supervisorctl pid mail-agent)")
    server.wait_healthy()
    server.container.restart(timeout=20)
    server.wait_healthy()
    assert server.container.logs().decode().count("is up and running") == 2


@pytest.mark.shows("SSL_TYPE", "ENABLE_RSPAMD")
def test_a_filled_volume_without_settings_has_the_documented_defaults(
    fresh: Callable[..., Server], tmp_path: Path
) -> None:
    """No TLS and no Rspamd; 465 takes log-ins in the clear, for a proxy that ends TLS in front."""
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "postfix-accounts.cf").write_text(f"{NAMES[0]}|{hash_password('secret')}\n")
    server = fresh({}, volumes={str(folder): VOLUME})
    assert not server.must("postconf", "-h", "smtpd_milters").strip()
    made = clients.message(NAMES[0], NAMES[0])
    for port in (465, 587):
        with smtplib.SMTP(
            "127.0.0.1", server.port(port), local_hostname="laptop.test", timeout=20
        ) as session:
            session.ehlo()
            assert not session.has_extn("starttls")
            session.login(NAMES[0], "secret")
            session.send_message(made)
    poll(lambda: _arrived(server, NAMES[0], made), "mail is delivered", 20)


def _in_the_clear(server: Server, user: str) -> AbstractContextManager[imaplib.IMAP4]:
    """A session on 143: the folder brings no settings, so there is no TLS."""
    session = imaplib.IMAP4("127.0.0.1", server.port(143), 20)
    session.login(f'"{user}"', "secret")  # a quoted string: some names are no atom
    return session


def _arrived(server: Server, user: str, made: EmailMessage) -> str:
    with _in_the_clear(server, user) as session:
        return clients.found(session, str(made["Subject"]))
