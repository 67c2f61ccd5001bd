"""A change that passes every checker and keeps a daemon from serving is put back by itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.polling import poll
from tests.integration.server import Server

BREAKS = {
    "postfix": (
        "config/postfix-main.cf",
        "smtpd_delay_reject = no\nsmtpd_client_restrictions = sleep 40, permit\n",
    ),
    "dovecot": (
        "config/dovecot.cf",
        "service imap-login {\n  inet_listener imap {\n    address = 203.0.113.9\n  }\n}\n",
    ),
}


@pytest.mark.shows("postfix-master.cf", "dovecot.cf")
@pytest.mark.parametrize("service", BREAKS)
def test_a_release_that_breaks_a_service_is_put_back(server: Server, tmp_path: Path, service: str) -> None:
    """Rolled back within seconds, held, mail flows, other changes go live; the next good push ends it."""
    user = server.add_account(f"bad-{service}@example.test")
    clone = server.clone(tmp_path / "clone")
    good = server.status()["applied"]
    name, text = BREAKS[service]
    push = clone.change(name, text, f"Break {service}")
    assert push.accepted, push.said

    def put_back() -> bool:
        status = server.status()
        return bool(status["failure"]) and status["applied"] == good and bool(status["healthy"] is not None)

    poll(put_back, "the bad release is rolled back", 30, every=0.3)
    server.wait_for_mail(user, server.deliver(user))
    entry = server.log("--kind", "release.rolled_back")[-1]
    assert service in json.dumps(entry)

    # An unrelated change goes live beside it, and does not make the server try the same fault again.
    server.must("setup", "alias", "add", f"alias-{service}@example.test", user)
    server.wait_for_mail(user, server.deliver(f"alias-{service}@example.test"))
    assert [part["origin"].partition(":")[0] for part in server.status()["held"]] == [name]
    good = server.status()["applied"]

    clone.back()
    push = clone.change(name, "# nothing\n", f"Mend {service}")
    assert push.accepted, push.said
    poll(
        lambda: server.status()["healthy"] and server.status()["applied"] > good,
        "it is mended",
        30,
        every=0.3,
    )
    server.wait_for_mail(user, server.deliver(f"alias-{service}@example.test"))
    server.must("mailctl", "verify")


def test_an_address_that_is_not_here_is_found_before(server: Server, tmp_path: Path) -> None:
    """Postfix's own check names the parameter; the push is refused at its line."""
    clone = server.clone(tmp_path / "clone")
    push = clone.change(
        "config/postfix-main.cf", "# ours\ninet_interfaces = 203.0.113.9\n", "Listen elsewhere"
    )
    assert not push.accepted
    assert "config/postfix-main.cf:2: " in push.said
    assert "no local interface found for 203.0.113.9" in push.said
