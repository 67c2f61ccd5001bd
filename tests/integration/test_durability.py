"""What was acknowledged survives: killed processes, killed containers, new containers, a full disk."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.integration.polling import poll
from tests.integration.server import PASSWORD, Server

Start = Callable[..., Server]


def logs_in(server: Server, user: str) -> bool:
    """Whether the account's login works."""
    with server.imap(user, PASSWORD):
        return True


@pytest.mark.shows("debugging")
@pytest.mark.parametrize("how", ["restart", "kill", "recreate"])
def test_a_server_comes_back_as_it_was(fresh: Start, volumes: dict[str, str], how: str) -> None:
    """The same release serves, and every account and message is there."""
    server = fresh(volumes=volumes)
    user = server.add_account("stay@example.test")
    made = server.deliver(user)
    server.wait_for_mail(user, made)
    before = server.status()
    if how == "restart":
        server.container.restart(timeout=60)
    elif how == "kill":
        server.container.kill()
        server.container.start()
    else:
        server.container.stop(timeout=60)
        server = fresh(volumes=volumes)
    server.wait_healthy()
    after = server.status()
    assert after["applied"] >= before["applied"]
    assert after["healthy"]
    server.wait_for_mail(user, made)
    server.must("mailctl", "verify")


@pytest.mark.parametrize("program", ["mailctld", "mail-agent"])
def test_killed_programs_lose_nothing(server: Server, program: str) -> None:
    """Killed while accounts are being added, they come back, and what was acknowledged serves."""
    users = [f"{program}{number}@example.test" for number in range(8)]

    def add(user: str) -> bool:
        return server.run("setup", "email", "add", user, PASSWORD, "--no-wait").returncode == 0

    with ThreadPoolExecutor(2) as pool:
        added = [pool.submit(add, user) for user in users]
        for _ in range(3):
            server.run("bash", "-c", f"kill -9 $(supervisorctl pid {program})")
        acknowledged = [user for user, done in zip(users, added, strict=True) if done.result()]
    server.wait_healthy()
    poll(lambda: server.run("mailctl", "reconcile").returncode == 0, "everything is applied", 30, every=0.5)
    listed = server.must("setup", "email", "list")
    for user in acknowledged:
        assert f"* {user}" in listed
    assert acknowledged
    poll(lambda: all(logs_in(server, user) for user in acknowledged), "they all log in", 20)
    server.must("mailctl", "verify")


def test_a_killed_service_is_back(server: Server) -> None:
    """Every service process that dies is there again within half a minute."""
    for program in ("postfix", "dovecot"):
        before = server.pid(program)
        server.must("kill", "-9", str(before))
        poll(lambda p=program, b=before: server.pid(p) not in (0, b), f"{program} is back", 30, every=0.3)  # type: ignore[misc]
    server.wait_healthy()
    user = server.add_account("back@example.test")
    poll(lambda: server.wait_for_mail(user, server.deliver(user)), "mail flows again", 30)


def test_a_full_disk_refuses_and_keeps_serving(fresh: Start) -> None:
    """Without room for the state nothing is acknowledged, what served serves on, and room heals it."""
    server = fresh(tmpfs={"/var/mail-state": "size=48m,mode=755"})
    user = server.add_account("full@example.test")
    server.run(
        "bash",
        "-c",
        "dd if=/dev/zero of=/var/mail-state/filler bs=64k; dd if=/dev/zero of=/var/mail-state/rest bs=512",
    )
    refused = server.run("setup", "email", "add", "more@example.test", PASSWORD)
    assert refused.returncode != 0
    assert logs_in(server, user)
    server.must("rm", "/var/mail-state/filler", "/var/mail-state/rest")
    poll(
        lambda: server.run("setup", "email", "add", "more2@example.test", PASSWORD).returncode == 0,
        "an account can be added again",
        40,
        every=0.5,
    )
    assert logs_in(server, "more2@example.test")
    assert logs_in(server, user)
    server.must("mailctl", "verify")


def test_tampering_is_found(fresh: Start, tmp_path: Path) -> None:
    """One byte of a stored change set is changed: verify fails and says where."""
    server = fresh()
    server.add_account("tamper@example.test")
    commit = server.rev("events")
    assert commit
    blob = server.must(
        "git", "--git-dir=/var/mail-state/state.git", "rev-parse", "events~1:events.jsonl"
    ).strip()
    path = f"/var/mail-state/state.git/objects/{blob[:2]}/{blob[2:]}"
    server.must(
        "bash", "-c",
        f"chmod u+w {path} && printf 'X' | dd of={path} bs=1 seek=20 conv=notrunc status=none",
    )  # fmt: skip
    done = server.run("mailctl", "verify")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "change set" in done.stderr
