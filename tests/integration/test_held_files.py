"""A file that failed is held and holds nothing else: what is live beside it, what waits, what ends it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from testcontainers.core.network import Network

from tests.integration.conftest import started
from tests.integration.polling import poll
from tests.integration.server import Clone, Server

USER = "user@example.test"
MAIN, MASTER, SCRIPT = "config/postfix-main.cf", "config/postfix-master.cf", "config/user-patches.sh"
DOVECOT, RSPAMD = "config/dovecot.cf", "config/rspamd/custom-commands.conf"
SETTINGS = "mailserver.env"
BAD = {
    "a script that fails": (SCRIPT, "echo x > /etc/dovecot/extra.conf\nsed -i s/a/b/ /no/such/file\n"),
    "a script that breaks Postfix": (SCRIPT, "postconf -e 'smtpd_tls_security_level = bogus'\n"),
    "main.cf": (MAIN, "smtpd_tls_security_level = bogus\n"),
    "master.cf": (
        MASTER,
        "submission/inet/smtpd_delay_reject=no\nsubmission/inet/smtpd_client_restrictions=sleep 40,permit\n",
    ),
    "dovecot.cf": (DOVECOT, "listen = 203.0.113.9\n"),
    "Rspamd's commands": (RSPAMD, "set-option-for-controller bind_socket 203.0.113.9:11334\n"),
    "a setting": (SETTINGS, "DOVECOT_INET_PROTOCOLS=ipv6\n"),
}


@pytest.fixture(scope="module")
def box(engine: docker.DockerClient, network: Network, resolver: str) -> Iterator[Server]:
    """A server of this module, with an account."""
    with started(engine, network, resolver, {"ENABLE_RSPAMD": "1"}) as server:
        server.add_account(USER)
        yield server


@pytest.fixture
def own(box: Server, tmp_path: Path) -> Iterator[Clone]:
    """A clone of that server's repo; afterwards none of the files is there."""
    made = box.clone(tmp_path / "clone")
    yield made
    made.back()
    for name in {name for name, _ in BAD.values()} - {SETTINGS}:
        (made.path / name).unlink(missing_ok=True)
    if made.git("status", "--porcelain"):
        made.commit("Mend all")
        assert made.push().accepted
    poll(lambda: well(box), "everything serves", 20, every=0.3)


def well(box: Server) -> bool:
    """Whether the newest release serves, wholly."""
    status = box.status()
    return bool(
        status["healthy"]
        and not status["failure"]
        and not status["held"]
        and status["applied"] == status["release"]
    )


def failed(box: Server) -> dict[str, Any]:
    """Why the newest release did not serve, when it is known that it did not."""
    status = box.status()
    failure: dict[str, Any] = status["failure"] or {}
    return failure if failure.get("release") == status["release"] else {}


def held(box: Server) -> list[dict[str, Any]]:
    """What is held, when the newest release serves."""
    status = box.status()
    return list(status["held"]) if status["applied"] == status["release"] else []


def serves(box: Server, alias: str) -> None:
    """Mail to an alias arrives."""
    box.wait_for_mail(USER, box.deliver(alias))


@pytest.mark.shows("user-patches.sh", "postfix-main.cf", "postfix-master.cf", "dovecot.cf")
@pytest.mark.parametrize("what", BAD)
def test_a_bad_file_holds_nothing_else(box: Server, own: Clone, what: str) -> None:
    """Aliases by push and by command serve; status names the file and the way out; `git revert` ends it."""
    name, text = BAD[what]
    own.write(name, text, append=name == SETTINGS)
    own.commit("Break it")
    assert own.push().accepted
    bad = own.git("rev-parse", "HEAD").strip()
    poll(lambda: failed(box), "it is taken back", 30, every=0.3)
    alias = f"{re.sub('[^a-zA-Z.]', '-', what)}@example.test"
    own.write("config/postfix-virtual.cf", f"{alias} {USER}\n", append=True)
    own.commit("Add an alias")
    push = own.push()
    assert push.accepted
    position = box.status()["held"][0]["position"]
    assert f"{name}" in push.said
    assert f"of change set {position} by Ada Admin stays held" in push.said
    poll(lambda: held(box), "the alias is applied", 20, every=0.3)
    serves(box, alias)
    done = box.run("setup", "alias", "add", f"2-{alias}", USER)
    assert (done.returncode, "stays held" in done.stdout + done.stderr) == (0, True)
    serves(box, f"2-{alias}")

    shown = box.must("mailctl", "status")
    assert "degraded" in shown.splitlines()[0]
    assert f"of change set {position} by Ada Admin is held" in shown
    assert f"mailctl revert {position}, or: git revert {bad[:12]}" in shown
    assert box.status()["drift"] == []

    own.back()
    own.git("revert", "--no-edit", bad)
    assert own.push().accepted
    poll(lambda: well(box), "the revert ends it", 20, every=0.3)
    serves(box, alias)
    box.must("mailctl", "verify")


def test_two_files_are_held_at_once(box: Server, own: Clone) -> None:
    """Each is taken back by its own command; what waits for the other goes on to."""
    positions = []
    other = {DOVECOT: "listen = 203.0.113.8\n", MAIN: "smtpd_tls_security_level = other\n"}
    for name, text in other.items():  # not what failed in a test before, which is known to fail
        assert own.change(name, text, f"Break {name}").accepted
        poll(lambda: failed(box), "it is taken back", 30, every=0.3)
        positions.append(box.status()["failure"]["position"])
    box.must("setup", "alias", "add", "two@example.test", USER)
    serves(box, "two@example.test")
    assert [part["position"] for part in box.status()["held"]] == positions
    for position in positions:
        box.must("mailctl", "revert", "-y", str(position), "--reason", "It does not serve")
    poll(lambda: well(box), "both are taken back", 20, every=0.3)
    serves(box, "two@example.test")


def test_a_setting_that_shares_its_file_waits(box: Server, own: Clone) -> None:
    """The push says so; it is tried, status says that it waits, and it is live with the revert."""
    assert own.change(MAIN, BAD["main.cf"][1], "Break it").accepted
    poll(lambda: failed(box), "it is taken back", 30, every=0.3)
    position = box.status()["failure"]["position"]
    own.write(SETTINGS, "POSTFIX_MESSAGE_SIZE_LIMIT=7654321\n", append=True)
    own.commit("Set a limit")
    push = own.push()
    assert push.accepted
    assert f"/etc/postfix/main.cf is held because of {MAIN}:1 of change set {position}" in push.said
    assert "waits for that one" in push.said
    poll(lambda: box.status()["attempted"] == box.status()["release"], "it is tried", 30, every=0.3)
    assert box.must("postconf", "-h", "message_size_limit").strip() != "7654321"
    shown = box.must("mailctl", "status")
    assert f"mailctl revert {position}" in shown
    box.must("mailctl", "revert", "-y", str(position), "--reason", "It does not serve")
    poll(lambda: well(box), "the setting serves", 20, every=0.3)
    assert box.must("postconf", "-h", "message_size_limit").strip() == "7654321"


def test_a_restart_keeps_what_serves(box: Server, own: Clone) -> None:
    """The same container and its services: the good content in place of the bad one, the rest live."""
    assert own.change(DOVECOT, BAD["dovecot.cf"][1], "Break it").accepted
    poll(lambda: failed(box), "it is taken back", 30, every=0.3)
    box.must("setup", "alias", "add", "restart@example.test", USER)
    box.container.restart(timeout=30)
    box.wait_healthy()
    serves(box, "restart@example.test")
    poll(lambda: box.status()["held"], "it is tried again and held again", 40, every=0.5)
    assert box.status()["drift"] == []
    assert "listen = 203.0.113.9" not in box.must("doveconf", "-n")
