"""`kill -9` of the control plane and of the agent, from the first to the last moment of a change."""

from __future__ import annotations

import smtplib
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import docker
import pytest
from testcontainers.core.network import Network

from tests.integration.conftest import started
from tests.integration.edits import push_setting
from tests.integration.polling import poll
from tests.integration.server import PASSWORD, Server

MOMENTS = (0, 20, 40, 60, 80, 110, 150, 200)
"""Milliseconds after the start of the change."""
PROGRAMS = ("mailctld", "mail-agent")
SWEEP = r"""
export PATH
program=$1 password=$2; shift 2
for ms in "$@"; do
    until pid=$(supervisorctl pid "$program") && [ "$pid" -gt 0 ] && [ -S "$(socket_of)" ]; do :; done
    user=$program-$ms@example.test
    setup email add "$user" "$password" >/dev/null 2>&1 & change=$!
    sleep "$(printf '0.%03d' "$ms")"
    kill -9 "$pid"
    wait "$change" && echo "$user"
done
exit 0
"""


@pytest.fixture(scope="module")
def box(engine: docker.DockerClient, network: Network, resolver: str) -> Iterator[Server]:
    """A server of this module, with an account."""
    with started(engine, network, resolver, {"ENABLE_RSPAMD": "0"}) as server:
        server.add_account("user@example.test")
        yield server


def settled(box: Server) -> bool:
    """Whether the newest release serves and nothing is left to do; the error says what is wrong."""
    status = box.status()
    told = {name: status[name] for name in ("healthy", "applied", "release", "failure", "services")}
    assert status["healthy"], told
    assert status["applied"] == status["release"], told
    assert not status["failure"], told
    return True


def all_is_well(box: Server) -> None:
    """The newest release comes to serve, and log, main and rendered agree."""
    poll(lambda: settled(box), "the newest release serves", 30, every=0.2)
    box.must("mailctl", "verify")
    assert "drift: none" in box.must("mailctl", "status")


@pytest.mark.parametrize("program", PROGRAMS)
def test_no_acknowledged_account_is_lost(box: Server, program: str) -> None:
    """Whatever `setup` said was done is there and logs in; anything else is there whole or not at all."""
    socket = {"mailctld": "/run/mail-control/control.sock", "mail-agent": "/run/mail-agent/agent.sock"}
    script = SWEEP.replace("socket_of", f"echo {socket[program]}")
    said = box.must("bash", "-c", script, "sweep", program, PASSWORD, *map(str, MOMENTS)).split()
    all_is_well(box)
    listed = [row.split()[1] for row in box.must("setup", "email", "list").splitlines() if row[:1] == "*"]
    assert set(said) <= set(listed)
    assert said, "no change was acknowledged at all"
    for user in listed:
        with box.imap(user, PASSWORD):
            pass


@pytest.mark.parametrize("program", PROGRAMS)
def test_no_accepted_push_is_lost(box: Server, tmp_path: Path, program: str) -> None:
    """Killed at any moment of a push that reloads Postfix: what main has, the log has and Postfix serves."""
    clone = box.clone(tmp_path / "clone")
    accepted = 0
    for size, ms in enumerate((100, 250, 500, 0), 20_480_001):
        clone.back()
        kill = partial(box.run, "kill", "-9", str(box.pid(program)))
        late = threading.Timer(ms / 1000, kill)
        if ms:
            late.start()
        push = push_setting(clone, "POSTFIX_MESSAGE_SIZE_LIMIT", size)
        if ms:
            late.join()
        else:  # the last one as soon as the push was answered
            kill()
        all_is_well(box)
        head = clone.git("rev-parse", "HEAD").strip()
        accepted += push.accepted
        assert not push.accepted or box.rev("main") == head, push.said
        text = box.must("git", "--git-dir=/var/mail-state/state.git", "show", "main:mailserver.env")
        limit = text.rpartition("SIZE_LIMIT=")[2].split()[0] if "SIZE_LIMIT=" in text else ""
        if limit.isdigit():
            assert box.must("postconf", "-h", "message_size_limit").strip() == limit
    assert accepted, "no push was accepted at all"


def test_a_killed_agent_undoes_what_it_was_trying(box: Server, tmp_path: Path) -> None:
    """Killed while trying or rolling back a bad release: the good one serves, the bad is reported."""
    clone = box.clone(tmp_path / "clone")
    for seconds in (1.0, 5.5):
        clone.back()
        good = box.status()["applied"]
        pid = box.pid("mail-agent")
        text = f"# {seconds}\nlisten = 203.0.113.9\n"
        push = clone.change("config/dovecot.cf", text, "Break it")
        assert push.accepted, push.said
        late = threading.Timer(seconds, box.run, ("kill", "-9", str(pid)))
        late.start()
        late.join()  # else a slow machine kills in the middle of the next change

        def told() -> bool:
            status = box.status()
            failure = status["failure"]
            return bool(failure) and failure["release"] == status["release"] and status["healthy"]

        poll(told, "the failure is told and the good release serves", 40, every=0.3)
        assert box.status()["applied"] == good
        with box.imap("user@example.test"):
            pass
        clone.back()
        assert clone.change("config/dovecot.cf", f"# mended {seconds}\n", "Mend it").accepted
        all_is_well(box)


@pytest.mark.parametrize("name", ["submissions", "submission"])
def test_submission_comes_back_with_dovecot(box: Server, name: str) -> None:
    """Whoever comes while Dovecot is away is sent away, and closes the port for nobody after that."""

    def served() -> bool:
        with suppress(OSError, smtplib.SMTPException), getattr(box, name)("user@example.test"):
            return True
        return False

    socket = f"{box.must('postconf', '-h', 'queue_directory').strip()}/private/auth"
    poll(served, "it is served", 30, every=0.1)
    box.must("mv", socket, f"{socket}.away")
    box.must("pkill", "-x", "smtpd")  # an idle one is still connected
    try:
        assert not served()
    finally:
        box.must("mv", f"{socket}.away", socket)
    begun = time.monotonic()
    poll(served, "it is served again", 30, every=0.2)
    assert time.monotonic() - begun < 10
