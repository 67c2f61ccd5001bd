"""The mail log shows mail and trouble, not the server's own health checks."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from tests.integration import clients
from tests.integration.conftest import Start
from tests.integration.edits import put
from tests.integration.polling import poll
from tests.integration.server import Server

LOG = "/var/log/mail/mail.log"


def logged(server: Server) -> list[str]:
    """The log's lines up to now; a line of ours at the end says that they are all there."""
    mark = uuid.uuid4().hex
    server.must("logger", "-p", "mail.info", mark)

    def lines() -> list[str]:
        found = server.must("cat", LOG).splitlines()
        return found if any(mark in line for line in found) else []

    return poll(lines, "the log is written", 10)


def test_a_health_check_leaves_nothing_in_the_mail_log(server: Server) -> None:
    """Twice a minute every service is asked, by every protocol: none of that is news."""
    before = len(logged(server))
    for _ in range(2):
        server.must("mailserver-health")
    server.must("mailctl", "status")
    new = logged(server)[before:]
    assert not [line for line in new if "127.0.0.1" in line or "lmtp(" in line], "\n".join(new)


FAILED_LOGIN = (
    "exec 3<>/dev/tcp/127.0.0.1/143; printf 'a LOGIN nobody@example.test x\\r\\n' >&3;"
    " read -t 20 <&3; read -t 20 <&3; printf 'b LOGOUT\\r\\n' >&3; cat <&3"
)
MAIL = "swaks --silent 3 --server 127.0.0.1 --from '<>' --helo mail.example.test --to nobody@example.test"


@pytest.mark.parametrize(("script", "wanted"), [(FAILED_LOGIN, "auth failed"), (MAIL, "mail=1")])
def test_what_happens_from_the_same_address_stays_in_the_log(
    server: Server, script: str, wanted: str
) -> None:
    """Only a conversation in which nothing was done is left out."""
    before = len(logged(server))
    server.run("bash", "-c", script)

    def told() -> bool:
        return any(wanted in line and "127.0.0.1" in line for line in logged(server)[before:])

    poll(told, f"the log has {wanted!r}", clients.SECONDS)


PROXIED = {
    "config/postfix-main.cf": "postscreen_upstream_proxy_protocol = haproxy\n",
    "config/postfix-master.cf": (
        "submission/inet/smtpd_upstream_proxy_protocol=haproxy\n"
        "submissions/inet/smtpd_upstream_proxy_protocol=haproxy\n"
    ),
    "config/dovecot.cf": (
        "haproxy_trusted_networks = NETWORKS\nhaproxy_timeout = 3 secs\nservice imap-login {\n"
        "  inet_listener imap {\n    haproxy = yes\n  }\n  inet_listener imaps {\n    haproxy = yes\n  }\n}\n"
    ),
}
"""What the guide for servers behind a proxy sets."""


@pytest.mark.shows("mailserver-behind-proxy")
def test_behind_a_proxy_a_health_check_leaves_nothing_either(fresh: Start, tmp_path: Path) -> None:
    """The probes say what a proxy would say, or Dovecot knows other proxies alone; no daemon warns of it."""
    server = fresh({"ENABLE_RSPAMD": "0"})
    server.add_account("user@example.test")
    clone = server.clone(tmp_path / "clone")
    for networks in ("127.0.0.0/8 172.16.42.2", "172.16.42.2"):
        put(server, clone, {name: text.replace("NETWORKS", networks) for name, text in PROXIED.items()})
        before = len(logged(server))
        for _ in range(2):
            server.must("mailserver-health")
        server.must("mailctl", "status")
        new = logged(server)[before:]
        told = [line for line in new if "127.0.0.1" in line or "warning" in line.lower()]
        assert not told, "\n".join(new)
