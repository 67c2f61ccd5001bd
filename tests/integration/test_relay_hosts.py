"""Mail leaves by other people's servers: the reference's own examples against a recording server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.integration import clients
from tests.integration.conftest import started
from tests.integration.edits import put_config, set_to
from tests.integration.outside import Outside
from tests.integration.server import Clone, Server

ROUTES, CREDENTIALS = "postfix-relaymap.cf", "postfix-sasl-password.cf"
RELAYMAP = """\
@domain1.com [smtp.mailgun.org]:587
@domain2.com [smtp.sendgrid.net]:2525

# Opt-out of relaying:
@domain3.com
"""
SASL_PASSWORD = """\
@domain1.com mailgun-user:secret
@domain2.com sendgrid-user:secret

# NOTE: This must have an exact match with the relay host in `postfix-relaymap.cf`,
# `/etc/postfix/relayhost_map`, or the `DEFAULT_RELAY_HOST` ENV.
# NOTE: Not supported via our setup CLI, but valid config for Postfix.
[email-smtp.us-west-2.amazonaws.com]:2587 aws-user:secret
"""
AWS = {"RELAY_HOST": "email-smtp.us-west-2.amazonaws.com", "RELAY_PORT": "2587"}


def sent_by(server: Server, outside: Outside, user: str) -> Mapping[str, Any]:
    """How a message that this user submits arrives outside."""
    made = clients.message(user, "someone@friends.test")
    with server.submission(user) as session:
        session.send_message(made)
    return outside.wait_for(made["Subject"])[0]


@pytest.fixture
def clone(private: Server, tmp_path: Path) -> Clone:
    """A clone of the server's state repo."""
    return private.clone(tmp_path / "mail-state")


@pytest.mark.shows("postfix-relaymap.cf", "postfix-sasl-password.cf", "relay-hosts")
@pytest.mark.shows("RELAY_HOST", "RELAY_PORT")
def test_senders_have_relays_and_logins_of_their_own(private: Server, outside: Outside, clone: Clone) -> None:
    """The guide's two files, word for word: by domain, by relay host, opted out, changed, deleted."""
    users = [private.add_account(f"user@domain{number}.com") for number in (1, 2, 3, 4)]
    for name, value in AWS.items():
        set_to(private, clone, name, value)
    put_config(private, clone, {ROUTES: RELAYMAP, CREDENTIALS: SASL_PASSWORD})
    found = [sent_by(private, outside, user) for user in users]
    assert [(one["port"], one["login"]) for one in found] == [
        (587, "mailgun-user:secret"),
        (2525, "sendgrid-user:secret"),
        (25, ""),
        (2587, "aws-user:secret"),
    ]
    assert all(one["tls"] for one in found)
    assert "0 600 " in private.must("stat", "-c", "%u %a %n", "/etc/postfix/sasl_passwd.lmdb")

    reloads = private.must("grep", "-c", "postfix/master.*reload", "/var/log/mail/mail.log")
    put_config(private, clone, {CREDENTIALS: SASL_PASSWORD.replace("mailgun-user:secret", "new:other")})
    assert sent_by(private, outside, users[0])["login"] == "new:other"
    assert private.must("grep", "-c", "postfix/master.*reload", "/var/log/mail/mail.log") == reloads

    put_config(private, clone, {ROUTES: None, CREDENTIALS: None})
    found = [sent_by(private, outside, user) for user in (users[0], users[2])]
    assert [(one["port"], one["login"]) for one in found] == [(2587, ""), (2587, "")]
    assert private.run("test", "-e", "/etc/postfix/sasl_passwd.lmdb").returncode == 1
    set_to(private, clone, "RELAY_HOST", "")
    assert sent_by(private, outside, users[0])["port"] == 25


@pytest.fixture(scope="module")
def relayed(engine: docker.DockerClient, outside: Outside) -> Iterator[Server]:
    """A server whose environment says what the guides to Gmail and SES say."""
    settings = {
        "ENABLE_RSPAMD": "0",
        "ENABLE_CLAMAV": "0",
        "DEFAULT_RELAY_HOST": "[smtp.gmail.com]:587",
        "RELAY_USER": "username@gmail.com",
        "RELAY_PASSWORD": "secret",
    }
    with started(engine, outside.network, outside.resolver, settings, hostname="mail.example.com") as made:
        yield made


@pytest.mark.shows("DEFAULT_RELAY_HOST", "RELAY_USER", "RELAY_PASSWORD", "gmail-smtp", "aws-ses")
def test_the_relay_of_the_environment_is_for_all(relayed: Server, outside: Outside) -> None:
    """Users' mail and the system's own go by the default relay, encrypted and logged in."""
    user = relayed.add_account("user1@example.com")
    found = sent_by(relayed, outside, user)
    assert (found["port"], found["login"], found["tls"]) == (587, "username@gmail.com:secret", True)
    system = clients.message("root@mail.example.com", "someone@friends.test")
    relayed.must("sendmail", "-t", stdin=system.as_string())
    assert outside.wait_for(system["Subject"])[0]["login"] == "username@gmail.com:secret"
    assert relayed.must("postconf", "-h", "smtp_tls_security_level").strip() == "encrypt"
    assert "secret" not in relayed.must(
        "git", "--git-dir=/var/mail-state/state.git", "show", "rendered:mail/etc/postfix/sasl_passwd"
    )
