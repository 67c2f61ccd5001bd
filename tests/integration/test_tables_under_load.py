"""Tables that change while Postfix answers: processes that have served before see the new one at once."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from testcontainers.core.network import Network

from tests.integration.conftest import started
from tests.integration.edits import live
from tests.integration.polling import poll
from tests.integration.server import Clone, Server

USER, NEW = "user@example.test", "new@example.test"
ALIASES, PATCHES = "config/postfix-virtual.cf", "config/user-patches.sh"
AT_ONCE = 1.5
"""Seconds between a table that is in place and the first answer from it, half of what the script takes."""

ASK = r"""
import json, smtplib, subprocess, sys, time

address, seconds = sys.argv[1], float(sys.argv[2])


def on_disk():
    words = ["postmap", "-q", address, "lmdb:/etc/postfix/virtual"]
    return subprocess.run(words, capture_output=True).returncode == 0


def answer():
    with smtplib.SMTP("127.0.0.1", 25, timeout=20) as session:
        session.helo("mail.example.test")
        session.mail("<someone@sender.test>")
        return session.rcpt(f"<{address}>")[0]


def settled():
    # Seconds from a change on disk to the first answer that agrees; and answers that are errors of ours.
    begin, errors = time.monotonic(), []
    while time.monotonic() < begin + 20:
        code = answer()
        if code not in (250, 450, 550, 554):
            errors.append(code)
        if (code == 250) == on_disk():
            return time.monotonic() - begin, errors
    return 20, errors


print("ready", flush=True)
known, end, rows = on_disk(), time.monotonic() + seconds, []
while time.monotonic() < end and len(rows) < int(sys.argv[3]):
    code = answer()
    if code not in (250, 450, 550, 554):
        rows.append({"on_disk": known, "lag": 0, "errors": [code]})
    if on_disk() != known:
        known = not known
        lag, errors = settled()
        rows.append({"on_disk": known, "lag": lag, "errors": errors})
print(json.dumps(rows), flush=True)
"""


class Asking:
    """Asks port 25 for an address, session after session, while something is done."""

    def __init__(self, server: Server, changes: int) -> None:
        words = ["docker", "exec", "-i", server.name, "python3", "-c", ASK, NEW, "60", str(changes)]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Asking:
        assert self._process.stdout
        assert self._process.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_error: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()

    def seen(self) -> list[dict[str, Any]]:
        """Each change of the table on disk, with the seconds that the answers took to follow."""
        said, _ = self._process.communicate(timeout=90)
        rows: list[dict[str, Any]] = json.loads(said)
        return rows


@pytest.fixture(scope="module")
def box(engine: docker.DockerClient, network: Network, resolver: str) -> Iterator[Server]:
    """A server of its own: its user-patches.sh takes long."""
    with started(engine, network, resolver, {"ENABLE_RSPAMD": "0"}) as server:
        server.add_account(USER)
        yield server


@pytest.fixture
def own(box: Server, tmp_path: Path) -> Clone:
    """A clone of that server's repo."""
    return box.clone(tmp_path / "clone")


def change(own: Clone, alias: bool, script: str) -> None:
    """A commit with or without the alias, and a script that runs between the files and the reload."""
    own.back()
    own.write(ALIASES, f"other@example.test {USER}\n" + (f"{NEW} {USER}\n" if alias else ""))
    own.write("config/postfix-main.cf", "in_flow_delay = 0\n")  # what is asked about is never delivered
    own.write(PATCHES, f"#!/bin/bash\n{script}\n")
    own.write("config/dovecot.cf", f"# {script}\nmail_max_userip_connections = 2{int(alias)}\n")
    own.commit("Change an alias, and what reloads")


@pytest.mark.parametrize("alias", [True, False], ids=["comes", "goes"])
def test_a_table_is_seen_while_its_release_is_tried(box: Server, own: Clone, alias: bool) -> None:
    """The release also reloads, probes and takes its time; the answers follow the table, not the release."""
    with Asking(box, 1) as asking:
        change(own, alias, f"sleep 3 # {alias}")
        live(box, own.push())
        rows = asking.seen()
    assert [row["on_disk"] for row in rows] == [alias], rows
    assert [row for row in rows if row["lag"] > AT_ONCE or row["errors"]] == []


def test_a_table_that_is_put_back_is_seen(box: Server, own: Clone) -> None:
    """A release that fails after three seconds served its table meanwhile, and serves it no more after.

    The script that served before refuses the alias, too: with the new one held back alone it would be live.
    """
    refuse = f"grep -q {NEW} /etc/postfix/virtual || exit 0; sleep 3; exit 1"
    change(own, alias=False, script=refuse)
    live(box, own.push())
    with Asking(box, 2) as asking:
        change(own, alias=True, script=f"{refuse} # again")
        assert own.push().accepted
        rows = asking.seen()
    assert [row["on_disk"] for row in rows] == [True, False], rows
    assert [row for row in rows if row["lag"] > AT_ONCE or row["errors"]] == []
    poll(lambda: box.log("--kind", "release.rolled_back"), "it is taken back", 20)
    assert box.must("find", "/etc/postfix", "-name", ".mail-agent*") == ""
