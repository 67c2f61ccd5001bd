"""Servers without mailboxes, and the way out: the reference's guides, word for word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tests.integration import clients
from tests.integration.conftest import started
from tests.integration.edits import put_config
from tests.integration.outside import Outside
from tests.integration.polling import poll
from tests.integration.server import Clone, Server

FORWARD_ONLY = {
    "PERMIT_DOCKER": "host",
    "ENABLE_POP3": "",
    "ENABLE_CLAMAV": "0",
    "SMTP_ONLY": "1",
    "ENABLE_SPAMASSASSIN": "0",
    "ENABLE_FETCHMAIL": "0",
}
PUBLIC_SERVER = """\
mydestination = localhost
mynetworks = 127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128 192.168.2.0/24
smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination
transport_maps = inline:{ example.com=relay:[192.168.2.3]:25 }
relay_domains = example.com

# Disable local system accounts and delivery:
local_recipient_maps =
local_transport = error:local mail delivery is disabled
"""


@pytest.fixture(scope="module")
def public(engine: docker.DockerClient, outside: Outside) -> Iterator[Server]:
    """A server that only forwards, at the address that the guide gives to the public one."""
    place = outside.at(outside.PUBLIC)
    network, resolver = outside.network, outside.resolver
    with started(engine, network, resolver, FORWARD_ONLY, hostname="mx.example.com", **place) as made:
        yield made


@pytest.fixture
def clone(private: Server, tmp_path: Path) -> Clone:
    """A clone of the private server's state repo."""
    return private.clone(tmp_path / "mail-state")


@pytest.mark.shows("forward-only-mailserver-with-ldap-authentication", "SMTP_ONLY", "PERMIT_DOCKER")
def test_a_server_that_only_forwards(public: Server, outside: Outside) -> None:
    """Aliases lead to mailboxes elsewhere, and the host may send in their name; no mailbox is served."""
    public.must("setup", "alias", "add", "me@forward.test", "external-account@gmail.com")
    made = public.deliver("me@forward.test", sender="me@forward.test")
    assert outside.wait_for(made["Subject"])[0]["recipients"] == ["external-account@gmail.com"]
    made = public.deliver("someone@friends.test", sender="me@forward.test")
    assert outside.wait_for(made["Subject"])[0]["recipients"] == ["someone@friends.test"]
    assert outside.tries(outside.PUBLIC, "a@sender.test", "someone@friends.test").startswith("554 ")
    assert public.run("pgrep", "-x", "dovecot").returncode == 1


@pytest.mark.shows("external-relay-only-mailserver", "postfix-main.cf", "postfix-relaymap.cf")
def test_a_public_server_in_front_of_a_private_one(
    private: Server, public: Server, outside: Outside, clone: Clone, tmp_path: Path
) -> None:
    """Mail from outside gets through to the private server, and its own leaves by the public one."""
    user = private.add_account("inside@example.com")
    files = {
        "postfix-relaymap.cf": "@example.com [192.168.2.2]:25\n",
        "postfix-main.cf": "mynetworks = 192.168.2.0/24\n",
    }
    put_config(private, clone, files)
    put_config(public, public.clone(tmp_path / "public"), {"postfix-main.cf": PUBLIC_SERVER})

    stored = private.wait_for_mail(user, public.deliver(user))
    assert "from mx.example.com (" in stored
    made = clients.message(user, "someone@friends.test")
    with private.submission(user) as session:
        session.send_message(made)
    assert outside.wait_for(made["Subject"])[0]["peer"] == outside.PUBLIC

    put_config(private, clone, dict.fromkeys(files))
    made = clients.message(user, "someone@friends.test")
    with private.submission(user) as session:
        session.send_message(made)
    assert outside.wait_for(made["Subject"])[0]["peer"] == outside.PRIVATE


BIND_MAIN = "smtp_bind_address = 198.51.100.42\nsmtp_bind_address6 = 2001:DB8::42\n"
BIND_AMAVIS = "smtp-amavis/unix/smtp_bind_address=127.0.0.1\nsmtp-amavis/unix/smtp_bind_address6=::1\n"
BIND_MASTER = "smtp/inet/smtp_bind_address = 198.51.100.42\nsmtp/inet/smtp_bind_address6 = 2001:DB8::42\n"


@pytest.mark.shows("bind-smtp-network-interface", "postfix-main.cf", "postfix-master.cf")
@pytest.mark.parametrize(
    "files",
    [{"postfix-main.cf": BIND_MAIN, "postfix-master.cf": BIND_AMAVIS}, {"postfix-master.cf": BIND_MASTER}],
    ids=["main", "master"],
)
def test_outgoing_mail_is_bound_to_an_address(
    private: Server, outside: Outside, clone: Clone, files: dict[str, str]
) -> None:
    """Both ways of the guide: the other server sees the address that was chosen."""
    private.must("ip", "address", "add", "198.51.100.42/24", "dev", "eth0")
    outside.sink.exec_run(["ip", "address", "add", "198.51.100.10/24", "dev", "eth0"])
    put_config(private, clone, files)
    made = clients.message("root@mail.example.com", "someone@friends.test")
    private.must("sendmail", "-t", stdin=made.as_string())
    assert outside.wait_for(made["Subject"])[0]["peer"] == "198.51.100.42"
    put_config(private, clone, dict.fromkeys(files))
    private.must("ip", "address", "del", "198.51.100.42/24", "dev", "eth0")


PROXIED = """\
smtp/inet/postscreen_upstream_proxy_protocol=haproxy
submission/inet/smtpd_upstream_proxy_protocol=haproxy
submissions/inet/smtpd_upstream_proxy_protocol=haproxy
"""
SPEAK = (
    "import socket, sys\n"
    "s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 20)\n"
    "s.sendall(b'PROXY TCP4 203.0.113.7 192.168.2.3 4711 25\\r\\n')\n"
    "print(s.recv(200).decode())\n"
)


@pytest.mark.shows("mailserver-behind-proxy", "postfix-master.cf")
def test_ports_behind_a_proxy(private: Server, outside: Outside, clone: Clone) -> None:
    """The client that a proxy names is the one that is logged; the server's own probes go on."""
    put_config(private, clone, {"postfix-master.cf": PROXIED})
    for port in ("25", "587"):
        assert "220" in outside.run("python3", "-c", SPEAK, outside.PRIVATE, port)
    log = private.must("cat", "/var/log/mail/mail.log")
    assert re.search(r"postfix/postscreen\[\d+\]: CONNECT from \[203\.0\.113\.7\]:4711", log)
    assert re.search(r"postfix/submission/smtpd\[\d+\]: connect from unknown\[203\.0\.113\.7\]", log)
    private.wait_healthy()
    put_config(private, clone, {"postfix-master.cf": None})


PROXIED_BESIDE = r"""#!/bin/bash

# Duplicate the config for the submission(s) service ports (587 / 465) with adjustments for the PROXY ports (10587 / 10465) and `syslog_name` setting:
postconf -Mf submission/inet | sed -e s/^submission/10587/ -e 's/submission/submission-proxyprotocol/' >> /etc/postfix/master.cf
postconf -Mf submissions/inet | sed -e s/^submissions/10465/ -e 's/submissions/submissions-proxyprotocol/' >> /etc/postfix/master.cf
# Enable PROXY Protocol support for these new service variants:
postconf -P 10587/inet/smtpd_upstream_proxy_protocol=haproxy
postconf -P 10465/inet/smtpd_upstream_proxy_protocol=haproxy

# Create a variant for port 25 too (NOTE: Port 10025 is already assigned in DMS to Amavis):
postconf -Mf smtp/inet | sed -e s/^smtp/12525/ >> /etc/postfix/master.cf
# Enable PROXY Protocol support (different setting as port 25 is handled via postscreen), optionally configure a `syslog_name` to distinguish in logs:
postconf -P 12525/inet/postscreen_upstream_proxy_protocol=haproxy 12525/inet/syslog_name=smtp-proxyprotocol
"""  # noqa: E501  # the guide's own text


@pytest.mark.shows("mailserver-behind-proxy", "user-patches.sh")
def test_ports_for_a_proxy_beside_the_usual_ones(private: Server, outside: Outside, clone: Clone) -> None:
    """The guide's script adds ports that speak the PROXY protocol; the usual ones stay as they are."""
    put_config(private, clone, {"user-patches.sh": PROXIED_BESIDE})
    for port, name in (
        ("12525", "smtp-proxyprotocol/postscreen"),
        ("10587", "submission-proxyprotocol/smtpd"),
    ):
        assert "220" in outside.run("python3", "-c", SPEAK, outside.PRIVATE, port)
        pattern = rf"{name}\[\d+\]: (?i:connect) from \S*\[203\.0\.113\.7\]"
        poll(
            lambda wanted=pattern: re.search(wanted, private.must("cat", "/var/log/mail/mail.log")),
            f"{port} tells the client",
        )
    assert outside.tries(outside.PRIVATE, "a@sender.test", "someone@friends.test").startswith("554 ")
    put_config(private, clone, {"user-patches.sh": None})
    assert "12525" not in private.must("postconf", "-M")


@pytest.mark.shows("ipv6", "POSTFIX_INET_PROTOCOLS")
def test_both_protocols(private: Server, outside: Outside) -> None:
    """A client that comes over IPv6 is known by its own address."""
    private.container.reload()
    addresses = private.container.attrs["NetworkSettings"]["Networks"][outside.network.name]
    assert outside.tries(addresses["GlobalIPv6Address"], "a@sender.test", "nobody@friends.test")[:3] == "554"
    log = private.must("cat", "/var/log/mail/mail.log")
    assert re.search(r"reject: RCPT from \S+\[fd00:cafe:face:feed::[0-9a-f]+\]: 554", log)


@pytest.mark.shows("POSTFIX_INET_PROTOCOLS", "DOVECOT_INET_PROTOCOLS")
def test_one_protocol_alone(engine: docker.DockerClient, outside: Outside) -> None:
    """Where Postfix has only IPv6, milter and policy server answer it, and the probes, too."""
    settings = {
        "POSTFIX_INET_PROTOCOLS": "ipv6",
        "DOVECOT_INET_PROTOCOLS": "ipv6",
        "ENABLE_RSPAMD": "1",
        "ENABLE_POSTGREY": "1",
    }
    with started(engine, outside.network, outside.resolver, settings) as made:
        user = made.add_account("six@example.test")
        # Without the milter Postfix says 451 to EHLO, without the policy server 451 4.3.5 to RCPT.
        said = made.run("swaks", "--server", "::1", "--from", "a@friends.test", "--to", user).stdout
        assert "450 4.2.0 <six@example.test>: Recipient address rejected: Delayed by Postgrey" in said
        assert "healthy" in made.must("mailctl", "status").splitlines()[0]
