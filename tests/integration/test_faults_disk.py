"""A full state volume: changes are refused clearly, what serves goes on, room heals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from testcontainers.core.network import Network

from tests.integration.conftest import started
from tests.integration.edits import push_setting
from tests.integration.polling import poll
from tests.integration.server import PASSWORD, Server

STATE = "/var/mail-state"
FILL = f"for size in 64k 4k 1; do dd if=/dev/zero of={STATE}/filler-$size bs=$size; done 2>/dev/null; true"


@pytest.fixture(scope="module")
def box(engine: docker.DockerClient, network: Network, resolver: str) -> Iterator[Server]:
    """A server whose state lies on a small volume, with an account."""
    small = {"type": "tmpfs", "device": "tmpfs", "o": "size=48m,mode=755"}
    volume = engine.volumes.create(driver="local", driver_opts=small)
    try:
        with started(
            engine, network, resolver, {"ENABLE_RSPAMD": "0"}, volumes={volume.name: STATE}
        ) as server:
            server.add_account("user@example.test")
            yield server
    finally:
        volume.remove(force=True)


@pytest.fixture
def full(box: Server) -> Iterator[Server]:
    """The same without a free byte; freed again at the end."""
    box.must("bash", "-c", FILL)
    yield box
    free(box)


def free(box: Server) -> None:
    """Make room."""
    box.must("bash", "-c", f"rm -f {STATE}/filler-*")


def refs(box: Server) -> dict[str, str]:
    """Where the branches stand."""
    return {ref: box.rev(ref) for ref in ("main", "events", "rendered")}


def serves(box: Server, user: str = "user@example.test") -> None:
    """Mail comes in (to the queue at least) and logins work."""
    with box.imap(user, PASSWORD):
        pass


def works_again(box: Server, user: str) -> None:
    """With room, a change is live and everything agrees."""
    free(box)
    poll(lambda: box.run("setup", "email", "add", user, PASSWORD).returncode == 0, "a change is taken", 20)
    with box.imap(user, PASSWORD):
        pass
    box.wait_for_mail(user, box.deliver(user))
    box.must("mailctl", "verify")


def test_a_command_is_refused_whole(full: Server) -> None:
    """It says what is the matter, and no branch has moved."""
    before = refs(full)
    done = full.run("setup", "email", "add", "more@example.test", PASSWORD)
    assert done.returncode != 0
    assert "space" in done.stderr.lower(), done.stderr
    assert "Traceback" not in done.stderr
    assert refs(full) == before
    serves(full)
    assert "more@example.test" not in full.must("setup", "email", "list")
    works_again(full, "after-command@example.test")


def test_a_push_is_refused_whole(box: Server, full: Server, tmp_path: Path) -> None:
    """git or the hook says so; no branch has moved; the same push works with room."""
    clone = box.clone(tmp_path / "clone")
    before = refs(box)
    push = clone.change("config/postfix-virtual.cf", "info@example.test user@example.test\n", "Add info")
    assert not push.accepted
    assert refs(box) == before
    serves(box)
    free(full)
    push = poll(lambda: (p := clone.push()).accepted and p, "the same push is taken", 20, every=0.3)
    works_again(box, "after-push@example.test")
    box.wait_for_mail("user@example.test", box.deliver("info@example.test"))


def test_an_apply_without_room_leaves_what_serves(box: Server, tmp_path: Path) -> None:
    """A release that was made before the disk filled is not half applied; it applies with room."""
    clone = box.clone(tmp_path / "clone")
    box.must("mailctl", "suspend")
    push = push_setting(clone, "POSTFIX_MESSAGE_SIZE_LIMIT", 20_480_077)
    assert push.accepted, push.said
    limit = box.must("postconf", "-h", "message_size_limit")
    box.must("bash", "-c", FILL)
    box.run("mailctl", "resume")
    box.run("mailctl", "reconcile", "--wait")
    assert box.must("postconf", "-h", "message_size_limit") == limit
    serves(box)
    free(box)
    box.must("mailctl", "resume")
    box.must("mailctl", "reconcile", "--wait")
    poll(lambda: box.status()["applied"] == box.status()["release"], "it is applied", 20, every=0.3)
    assert box.must("postconf", "-h", "message_size_limit").strip() == "20480077"
    works_again(box, "after-apply@example.test")


def test_restarted_programs_bear_a_full_disk(full: Server) -> None:
    """Killed while there is no room, control plane and agent come back, and mail is served meanwhile."""
    for program in ("mailctld", "mail-agent"):
        full.must("kill", "-9", str(full.pid(program)))
    serves(full)
    works_again(full, "after-kill@example.test")
