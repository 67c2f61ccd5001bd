"""Twenty writers by three ways in while processes are killed: nothing acknowledged is lost.

KILL_POINTS sets how often something is killed (30); `KILL_POINTS=200` is the long run.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import docker
import pytest
from testcontainers.core.network import Network

from tests.integration.conftest import started
from tests.integration.polling import poll
from tests.integration.server import Server

KILL_POINTS = int(os.environ.get("KILL_POINTS", "30"))
COMMANDERS, PUSHERS, EDITORS = 10, 8, 2
VICTIMS = ("mailctld", "mail-agent", "git", "mailctld", "mail-agent")
"""What is killed in turn; `git` is whatever receives a push at that moment."""
PAUSE = 1.0
"""Seconds between two changes of a pusher or an editor."""
COMMAND_PAUSE = 4.0
"""Of a commander: ten of them at each second would leave no push the time between its fetch and its end."""
MOST_POINTS = 3
"""So many times KILL_POINTS at most while a way in was not heard: pushes are slow on a slow machine."""
WAYS = set("cpv")
"""Commands, pushes and the config volume, by the first letter of the aliases that come by them."""
LOST = "somebody else's push came first"
RAW = ("cannot lock ref", "failed to update ref", "reference already exists", "incorrect old value")
"""How git itself puts it: words that nobody should have to read."""
EARLY = "(fetch first)"
REPOSITORY = "/var/mail-state/state.git"
VOLUME = "/tmp/docker-mailserver/postfix-virtual.cf"


@pytest.fixture(scope="module")
def box(engine: docker.DockerClient, network: Network, resolver: str) -> Iterator[Server]:
    """A server with an account, of this module."""
    with started(engine, network, resolver, {"ENABLE_RSPAMD": "0"}) as server:
        server.add_account("user@example.test")
        yield server


class Writers:
    """People and scripts that go on making changes until they are told to stop."""

    def __init__(self, box: Server, folder: Path) -> None:
        self.box, self.folder = box, folder
        self.over = threading.Event()
        self.acknowledged: set[str] = set()
        """Aliases that a way in said were made."""
        self.losers: list[str] = []
        """What pushes said that did not get through."""

    def heard(self) -> set[str]:
        """The ways in that had a change confirmed, by the first letter of their aliases."""
        return {alias[0] for alias in tuple(self.acknowledged)}

    def command(self, number: int) -> None:
        """Add one alias after the other by `setup`."""
        turn = 0
        while not self.over.wait(COMMAND_PAUSE):
            turn += 1
            alias = f"c{number}-{turn}@example.test"
            done = self.box.run("setup", "alias", "add", alias, "user@example.test", "--no-wait")
            if done.returncode == 0:
                self.acknowledged.add(alias)

    def push(self, number: int) -> None:
        """Push one alias after the other, on top of what `main` is by then."""
        clone = self.box.clone(self.folder / f"clone{number}")
        turn = 0
        while not self.over.wait(PAUSE):
            turn += 1
            alias = f"p{number}-{turn}@example.test"
            try:
                clone.back()
                clone.write("config/postfix-virtual.cf", f"{alias} user@example.test\n", append=True)
                clone.commit(f"Add {alias}")
            except AssertionError:
                continue  # the fetch was cut off by a kill
            done = clone.push()
            if done.accepted:
                self.acknowledged.add(alias)
            else:
                self.losers.append(done.said)

    def edit(self, number: int) -> None:
        """Add one alias after the other to the file of the config volume."""
        turn = 0
        while not self.over.is_set():
            turn += 1
            alias = f"v{number}-{turn}@example.test"
            self.box.run("bash", "-c", f"echo '{alias} user@example.test' >> {VOLUME}")
            while not self.over.wait(0.5) and not self._taken(alias):
                pass
            if self._taken(alias):
                self.acknowledged.add(alias)

    def _taken(self, alias: str) -> bool:
        """Whether `main` has it: that is how a person sees that an edit was taken."""
        text = self.box.run("git", f"--git-dir={REPOSITORY}", "show", "main:config/postfix-virtual.cf")
        return alias in text.stdout


def kill(box: Server, points: int, heard: Callable[[], set[str]]) -> None:
    """Kill something at moments that nobody chose, each time after it had a chance to come back."""
    chance = random.Random(20261128)  # noqa: S311  # moments, not secrets
    for point in range(points * MOST_POINTS):
        if point >= points and heard() == WAYS:
            return
        threading.Event().wait(chance.uniform(0.2, 1.6))
        victim = VICTIMS[point % len(VICTIMS)]
        pushes = "pkill -9 -f receive-pack"
        box.run("bash", "-c", pushes if victim == "git" else f"kill -9 $(supervisorctl pid {victim})")


def settled(box: Server) -> bool:
    """Whether the newest release serves and nothing is left to do."""
    status = box.status()
    assert status["healthy"], status["failure"]
    assert status["applied"] == status["release"]
    return True


def test_nothing_acknowledged_is_lost(box: Server, tmp_path: Path) -> None:
    """Every alias that any way in confirmed is there and serves; log, main, rendered and git agree."""
    writers = Writers(box, tmp_path)
    jobs = [(writers.command, COMMANDERS), (writers.push, PUSHERS), (writers.edit, EDITORS)]
    with ThreadPoolExecutor(COMMANDERS + PUSHERS + EDITORS) as pool:
        running = [pool.submit(job, number) for job, count in jobs for number in range(count)]
        try:
            kill(box, KILL_POINTS, writers.heard)
        finally:
            writers.over.set()
        for one in running:
            one.result()
    box.wait_healthy()
    box.must("mailctl", "reconcile")
    poll(lambda: settled(box), "the newest release serves", 40, every=0.5)
    served = box.must("bash", "-c", "postmap -s lmdb:/etc/postfix/virtual | cut -f1")
    assert writers.acknowledged <= set(served.split())
    assert writers.heard() == WAYS
    box.must("mailctl", "verify")
    box.must("git", f"--git-dir={REPOSITORY}", "fsck", "--no-dangling", "--no-progress")
    assert [said for said in writers.losers if any(raw in said for raw in RAW)] == []


def test_who_loses_a_race_is_told_in_our_words(box: Server, tmp_path: Path) -> None:
    """Of twenty pushes at once one wins; each other one reads what happened and what to do."""
    clones = [box.clone(tmp_path / f"racer{number}") for number in range(20)]
    for number, clone in enumerate(clones):
        row = f"race{number}@example.test user@example.test\n"
        clone.write("config/postfix-virtual.cf", row, append=True)
        clone.commit(f"Race {number}")
    with ThreadPoolExecutor(len(clones)) as pool:
        pushes = list(pool.map(lambda clone: clone.push(), clones))
    assert [push.accepted for push in pushes].count(True) == 1
    # Who comes when the race is over hears it from their own git, before the server is asked.
    lost = [push.said for push in pushes if not push.accepted and EARLY not in push.said]
    assert lost
    assert [said for said in lost if LOST not in said or any(raw in said for raw in RAW)] == []
    assert [said for said in lost if "✔" in said] == [], "nobody was told that it passes"
    box.must("mailctl", "verify")
    records = "ls /var/mail-state/control/accepted"
    poll(lambda: not box.must("bash", "-c", records).split(), "the records of lost pushes are gone", 10)
    with box.imap("user@example.test"):
        pass
