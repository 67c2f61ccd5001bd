"""The container as a whole: mounts, time, logs and their rotation, users, the first account."""

from __future__ import annotations

import json
import struct
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from testcontainers.core.network import Network

from tests.integration import clients
from tests.integration.conftest import started
from tests.integration.polling import poll
from tests.integration.server import Clone, Server

USER = "user@example.test"
ENV = "mailserver.env"
HEALTHY_AGAIN = 10.0
"""Seconds after a pause; the engine starts a check after one."""


def zone() -> bytes:
    """A zone named TST, three hours before Greenwich's time (tzfile(5), version 2)."""
    block = b"TZif2" + bytes(15) + struct.pack(">6l", 0, 0, 0, 0, 1, 4) + struct.pack(">lBB", 10800, 0, 0)
    return (block + b"TST\0") * 2 + b"\nTST-3\n"


@pytest.fixture(scope="module")
def box(
    engine: docker.DockerClient, network: Network, resolver: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server with the log volume, a zone and a cron file mounted."""
    folder = tmp_path_factory.mktemp("mounts")
    (folder / "logs").mkdir()
    (folder / "zone").write_bytes(zone())
    (folder / "cron").write_text("@reboot root date > /run/cron-was-here\n")
    (folder / "cron").chmod(0o644)
    volumes = {
        str(folder / "logs"): "/var/log/mail",
        str(folder / "zone"): "/etc/localtime:ro",
        str(folder / "cron"): "/etc/cron.d/mine",
    }
    with started(engine, network, resolver, {"ENABLE_RSPAMD": "0"}, volumes=volumes) as server:
        server.add_account(USER)
        yield server


@pytest.fixture
def own(box: Server, tmp_path: Path) -> Clone:
    """A clone of that server's repo."""
    return box.clone(tmp_path / "clone")


def settle(box: Server, own: Clone, *lines: str) -> str:
    """Push settings and wait until they serve; what the push said."""
    own.back()
    names = tuple(line.partition("=")[0] + "=" for line in lines)
    kept = [line for line in (own.path / ENV).read_text().splitlines() if not line.startswith(names)]
    own.write(ENV, "\n".join([*kept, *lines]) + "\n")
    own.commit("Change settings")
    push = own.push()
    assert push.accepted, push.said
    box.must("mailctl", "status", "--wait", str(box.status()["release"]))
    return push.said


def test_a_clean_start_leaves_no_error(box: Server) -> None:
    """Neither errors nor refused permissions in any log of a server that was just started."""
    folders = "/var/log/mail /var/log/supervisor"
    words = "permission denied|(^|[^a-z_])(error|fatal|panic):"
    assert "postfix" in box.run("bash", "-c", f"cat {folders.split()[0]}/mail.log").stdout
    assert box.run("bash", "-c", f"grep -rhiE '{words}' {folders}").stdout == ""


TOOLS = "bash curl openssl nc swaks ss ip less nano pgrep nft crontab logrotate"


def test_tools_for_people_are_on_board(box: Server) -> None:
    """Each is found; swaks sends to several at once, as scripts that people bring along have it."""
    box.must("bash", "-c", f"for tool in {TOOLS}; do command -v $tool; done")
    other = box.add_account("other@example.test")
    subject = f"Sent to two {uuid.uuid4().hex[:6]}"
    words = ("--server", "127.0.0.1", "--to", USER, "--cc", other, "--header", f"Subject: {subject}")
    box.must("swaks", *words, "--from", "a@sender.test", "--helo", "mx.sender.test")
    for user in (USER, other):
        with box.imap(user) as session:
            poll(lambda s=session: clients.found(s, subject, "INBOX"), f"mail for {user}", 20, every=0.2)


@pytest.mark.shows("faq")
def test_mounted_files_are_used_and_left_alone(box: Server) -> None:
    """/etc/localtime and /etc/cron.d as the questions' page has them; nothing of it drifts."""
    assert box.must("date", "+%Z").strip() == "TST"
    poll(lambda: "TST" in box.must("cat", "/run/cron-was-here"), "cron ran the mounted job", 10, every=0.3)
    assert box.status()["drift"] == []


@pytest.mark.shows("TZ")
def test_a_zone_that_is_set_goes_before_a_mounted_one(box: Server, own: Clone) -> None:
    """On a running server, for the log as well; without it the mounted one counts again."""
    settle(box, own, "TZ=Europe/Berlin")
    assert box.must("date", "+%Z").strip() in ("CET", "CEST")
    assert box.must("cat", "/etc/timezone") == "Europe/Berlin\n"
    settle(box, own, "TZ=")
    assert box.must("date", "+%Z").strip() == "TST"
    assert box.status()["drift"] == []


@pytest.mark.shows("LOGROTATE_INTERVAL", "LOGROTATE_COUNT")
def test_logs_are_rotated(box: Server, own: Clone) -> None:
    """As often and as many as set; the daemons write to the new file."""
    settle(box, own, "LOGROTATE_INTERVAL=daily", "LOGROTATE_COUNT=2")
    text = box.must("cat", "/etc/logrotate.d/maillog")
    assert "  daily\n  rotate 2\n" in text
    for _ in range(3):
        made = box.deliver(USER)
        box.wait_for_mail(USER, made)
        poll(lambda: "status=sent" in box.must("cat", "/var/log/mail/mail.log"), "it is logged", 10)
        box.must("logrotate", "-f", "/etc/logrotate.d/maillog")
        poll(lambda: box.run("test", "-s", "/var/log/mail/mail.log").returncode, "a new file", 5)
    names = box.must("ls", "/var/log/mail").split()
    assert {"mail.log", "mail.log.1", "mail.log.2.gz"} <= set(names)
    assert "mail.log.3.gz" not in names
    box.must("test", "-s", "/var/lib/logrotate/status")
    assert box.must("readlink", "/var/lib/logrotate").strip() == "/var/mail-state/lib-logrotate"


@pytest.mark.shows("LOG_LEVEL", "LOG_FORMAT")
def test_the_log_says_as_much_as_wanted(box: Server, own: Clone) -> None:
    """`trace` names commands that the agent runs, `error` not even releases; JSON has an object per line."""
    settle(box, own, "LOG_LEVEL=trace")
    box.add_account("noisy@example.test")
    said = box.container.logs().decode()
    assert "agent: ran command=" in said
    assert "debug request op=edit" in said
    settle(box, own, "LOG_LEVEL=error")
    before = len(box.container.logs())
    box.add_account("quiet@example.test")
    assert "agent: applied" not in box.container.logs().decode()[before:]
    settle(box, own, "LOG_LEVEL=debug", "LOG_FORMAT=json")
    box.add_account("json@example.test")
    lines = box.container.logs().decode()[before:].splitlines()
    told = [json.loads(line) for line in lines if line.startswith("{")]
    assert {"request", "edit"} <= {word for line in told for word in (line["event"], line.get("op"))}


@pytest.mark.shows("DMS_VMAIL_UID", "DMS_VMAIL_GID", "SUPERVISOR_LOGLEVEL")
def test_mail_gets_another_owner_and_a_restart_keeps_all(box: Server, own: Clone) -> None:
    """Set on `main` on a running server; deliveries go on, and after a restart as well."""
    settle(box, own, "DMS_VMAIL_UID=5005", "DMS_VMAIL_GID=5006", "SUPERVISOR_LOGLEVEL=debug")
    box.wait_for_mail(USER, box.deliver(USER))
    places = ("/var/mail", "/var/mail/example.test", "/var/mail/example.test/user")
    assert set(box.must("stat", "-c", "%u:%g", *places).split()) == {"5005:5006"}
    box.container.stop(timeout=60)
    assert box.container.wait()["StatusCode"] == 0
    box.container.start()
    box.wait_healthy()
    box.wait_for_mail(USER, box.deliver(USER))
    assert " DEBG " in box.must("cat", "/var/log/supervisor/supervisord.log")
    for program in ("postfix", "dovecot", "cron", "rsyslog"):
        box.must("supervisorctl", "restart", program)
    poll(lambda: box.status()["healthy"], "all serve again", 30, every=0.3)
    box.wait_for_mail(USER, box.deliver(USER))


def health(server: Server) -> str:
    """What the engine says of a container."""
    server.container.reload()
    return str(server.container.attrs["State"]["Health"]["Status"])


@pytest.mark.parametrize("seconds", [0.0, 5.0])
def test_a_paused_container_is_healthy_at_once(box: Server, seconds: float) -> None:
    """The engine calls it unhealthy until a check ends: no check waits for its pace then, as others do."""
    box.wait_healthy()
    box.container.pause()
    until = time.monotonic() + seconds
    try:
        poll(lambda: health(box) == "unhealthy", "it is paused", 10)
        poll(lambda: time.monotonic() >= until, "the pause is over", 10)
    finally:
        box.container.unpause()
    box.wait_healthy(HEALTHY_AGAIN)


@pytest.mark.shows("FIRST_ACCOUNT_TIMEOUT", "usage", "OVERRIDE_HOSTNAME")
def test_without_an_account_the_container_stops(
    engine: docker.DockerClient, network: Network, resolver: str
) -> None:
    """With status 1 and a reason, after it served; an account in time lets it go on."""
    settings = {
        "ENABLE_RSPAMD": "0",
        "OVERRIDE_HOSTNAME": "other.example.test",
        "FIRST_ACCOUNT_TIMEOUT": "20",
    }
    with started(engine, network, resolver, settings, healthy=False) as server:
        poll(lambda: b"other.example.test is up and running" in server.container.logs(), "it serves", 60)
        assert server.container.wait(timeout=60)["StatusCode"] == 1
        said = server.container.logs().decode()
        assert "No account was added within 20 s" in said
        assert "setup email add user@example.com" in said
        server.container.start()
        poll(lambda: server.run("setup", "email", "add", USER, "secret").returncode == 0, "it is added", 40)
        server.wait_healthy()
        poll(lambda: server.status()["services"][0]["seconds"] > 21, "it is older than that", 40, every=0.5)
        assert server.must("setup", "email", "list").startswith(f"* {USER}")
