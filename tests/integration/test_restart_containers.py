"""Restarted, killed and replaced containers on the same volumes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.polling import poll
from tests.integration.server import Server

Start = Callable[..., Server]
USERS = [f"user{number}@example.test" for number in range(4)]
HELD = "config/postfix-main.cf"


def queued(server: Server) -> list[str]:
    """Ids of the messages in the queue."""
    return sorted(json.loads(line)["queue_id"] for line in server.must("postqueue", "-j").splitlines())


def facts(server: Server) -> dict[str, Any]:
    """What must be the same after a restart."""
    status = server.status()
    branches = {ref: server.rev(ref) for ref in ("main", "rendered")}
    return {**branches, "applied": status["applied"], "hostname": status["hostname"], "queue": queued(server)}


@pytest.mark.shows("update-and-cleanup", "debugging")
def test_the_same_revision_serves_again(fresh: Start, volumes: dict[str, str], tmp_path: Path) -> None:
    """After restart, kill and replacement: release, accounts, mail and queue are as before, all at once."""
    server = fresh(volumes=volumes)
    for user in USERS:
        server.add_account(user)
    made = server.deliver(USERS[0])
    server.wait_for_mail(USERS[0], made)
    clone = server.clone(tmp_path / "clone")
    clone.write(HELD, "defer_transports = lmtp\n")
    clone.commit("Hold deliveries")
    assert clone.push("HEAD:main", "-o", "allow-degraded").accepted
    server.must("mailctl", "status", "--wait", str(server.status()["release"]))
    waiting = server.deliver(USERS[1])
    poll(lambda: len(queued(server)) == 1, "a message waits, and none of the canary's", 30)
    before = facts(server)

    server.container.restart(timeout=60)
    check(server, before, made)
    server.container.kill()
    server.container.start()
    check(server, before, made)
    server.container.stop(timeout=60)
    server = fresh(volumes=volumes)
    check(server, before, made)

    clone = server.clone(tmp_path / "another")
    assert clone.change(HELD, "# nothing is held\n", "Let go").accepted
    server.must("mailctl", "status", "--wait", str(server.status()["release"]))
    server.must("postqueue", "-f")
    server.wait_for_mail(USERS[1], waiting)


def check(server: Server, before: dict[str, Any], made: Any) -> None:
    """The server is as it was."""
    server.wait_healthy()
    poll(lambda: facts(server) == before, f"{before}, once the canary is through", 30, every=0.3)
    for user in USERS:
        with server.imap(user):
            pass
    server.wait_for_mail(USERS[0], made)
    server.must("mailctl", "verify")
