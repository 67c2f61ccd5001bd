"""Releases that every checker lets pass and that keep a daemon from serving: put back, named, mended."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from testcontainers.core.network import Network

from tests.integration.conftest import started
from tests.integration.polling import poll
from tests.integration.server import Clone, Push, Server
from tests.integration.traffic import Traffic

ROLLED_BACK = 10.0
"""Seconds within which the last good release serves again."""
MAIN, DOVECOT = "config/postfix-main.cf", "config/dovecot.cf"
BREAKS = {
    "networks that are none": ("postfix", MAIN, "mynetworks = 127.0.0.0/33"),
    "no level of TLS": ("postfix", MAIN, "smtpd_tls_security_level = bogus"),
    "an address of somebody else": ("dovecot", DOVECOT, "listen = 203.0.113.9"),
    "a port in use": ("dovecot", DOVECOT, "service imap-login { inet_listener x { port = 25 } }"),
}


@pytest.fixture(scope="module")
def box(engine: docker.DockerClient, network: Network, resolver: str) -> Iterator[Server]:
    """A server of this module, with an account."""
    with started(engine, network, resolver, {"ENABLE_RSPAMD": "0"}) as server:
        server.add_account("user@example.test")
        yield server


@pytest.fixture
def own(box: Server, tmp_path: Path) -> Iterator[Clone]:
    """A clone of that server's repo; what a test that failed left broken there is mended."""
    made = box.clone(tmp_path / "clone")
    yield made
    if box.status()["failure"]:
        for name in (MAIN, DOVECOT):
            mend(box, made, name)


def break_it(own: Clone, name: str, line: str) -> Push:
    """Push the override, in the second line of its file."""
    text = line.replace("{ ", "{\n").replace(" }", "\n}")
    return own.change(name, f"# ours\n{text}\n", "Break it")


def failed(box: Server) -> bool:
    """Whether the newest release is known to have failed."""
    status = box.status()
    return bool(status["failure"]) and bool(status["failure"]["release"] == status["release"])


def mend(box: Server, own: Clone, name: str) -> None:
    """Push the file without the override; the newest release serves and everything is well."""
    own.back()
    push = own.change(name, f"# ours, mended at {time.time()}\n", "Mend it")
    assert push.accepted, push.said

    def well() -> bool:
        status = box.status()
        return bool(status["healthy"] and not status["failure"] and status["applied"] == status["release"])

    poll(well, "the mended release serves", 15, every=0.2)


@pytest.mark.parametrize("what", BREAKS)
def test_the_last_good_release_serves_again(box: Server, own: Clone, what: str) -> None:
    """Back within 10 s, with the line and the change set named; no message that was taken is lost."""
    service, name, line = BREAKS[what]
    good = box.status()["applied"]
    with Traffic(box, "user@example.test") as traffic:
        push = break_it(own, name, line)
        assert push.accepted, push.said
        pushed = time.monotonic()
        poll(lambda: failed(box), "the failure is told", 20, every=0.1)
        assert time.monotonic() - pushed < ROLLED_BACK
        status, text = box.status(), box.must("mailctl", "status").splitlines()
        failure = status["failure"]
        assert (failure["outcome"], failure["service"]) == ("rolled_back", service)
        assert status["applied"] == good
        assert status["healthy"]
        assert failure["origin"] == f"{name}:2"
        assert text[0].startswith("mail.example.test   degraded")
        assert f"release {good} serves; {status['attempted']} rolled back" in text[0]
        assert f"{name}:2, change set {failure['change'].split()[2]} by Ada Admin. Push a fix" in text[2]
        entry = box.log("--kind", "release.rolled_back")[-1]
        assert f"({name}:2); {good} serves" in entry["detail"]
        mend(box, own, name)
    assert max(traffic.outages.values()) < ROLLED_BACK + 2, traffic.outages
    poll(lambda: not traffic.missing(), "every message that was taken arrived", 20, every=0.5)
    box.must("mailctl", "verify")


def test_the_same_fault_is_not_tried_twice(box: Server, own: Clone) -> None:
    """It is held and holds nothing else: an account is live beside it, and nothing reloads."""
    _, name, line = BREAKS["an address of somebody else"]
    assert break_it(own, name, line).accepted
    poll(lambda: failed(box), "the failure is told", 20, every=0.1)
    pid = box.pid("dovecot")
    box.must("setup", "email", "add", "beside@example.test", "secret")
    with box.imap("beside@example.test", "secret"):
        pass
    status = box.status()
    assert (status["failure"], [part["origin"] for part in status["held"]]) == (None, [f"{name}:2"])
    assert status["applied"] == status["release"]
    assert box.pid("dovecot") == pid
    mend(box, own, name)
    assert box.status()["held"] == []
    box.must("mailctl", "verify")


def test_a_revert_by_command_mends_too(box: Server, own: Clone) -> None:
    """The position that `mailctl status` names as the way back is the way back."""
    _, name, line = BREAKS["an address of somebody else"]
    assert break_it(own, name, line).accepted
    poll(lambda: failed(box), "the failure is told", 20, every=0.1)
    failure = box.status()["failure"]
    position, commit = str(failure["position"]), failure["main"][:12]
    advice = f"mailctl revert {position}, or: git revert {commit}"
    assert box.must("mailctl", "status").splitlines()[2].endswith(advice)
    box.must("mailctl", "revert", "-y", position, "--reason", "it did not serve")
    poll(lambda: box.status()["healthy"] and not box.status()["failure"], "it serves", 10)
    box.must("mailctl", "verify")
