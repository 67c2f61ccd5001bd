"""The mail log shows mail and trouble, not the server's own health checks."""

from __future__ import annotations

import uuid

import pytest

from tests.integration import clients
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
