"""Nobody is let in from memory: random changes of who may log in, while what remembers is killed.

LOG_IN_SEQUENCES sets how many sequences (30); `LOG_IN_SEQUENCES=1000` is the long run. LOG_IN_SEED repeats
the choices of a run that failed; the moments of kills fall as the machine lets them.
"""

from __future__ import annotations

import itertools
import os
import random
import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import docker
import pytest
from testcontainers.core.network import Network

from tests.integration.conftest import started
from tests.integration.people import ADDRESSES, ALIASES, MASTER, STEADY, Change, Hand, People
from tests.integration.polling import poll
from tests.integration.server import PASSWORD, Server
from tests.integration.site_of_people import Site
from tests.integration.witness import AWAY, IN, OUT, Try, Witness

SEQUENCES = int(os.environ.get("LOG_IN_SEQUENCES", "30"))
SEED = os.environ.get("LOG_IN_SEED", "") or str(time.time_ns())
TWICE = "twice@example.test"
"""An account of its own for those tests that change it again and again."""
FILES_GO = {
    "by themselves": f"while test -e /run/mail-fresh/{TWICE}; do sleep 0.01; done",
    "with a killed agent": "kill -9 $(supervisorctl pid mail-agent)"
    " && until mailctl reconcile; do sleep 0.01; done",
}
"""Shell commands that return once the files that announced a change of it are gone."""
VICTIMS = ("mail-agent", "mail-agent", "mail-agent", "mailctld", "mailctld", "auth", "auth", "dovecot")
CONTAINER = "container"
KILLS = 0.25
"""Share of changes in which something is killed; of those, one in 25 takes the whole container."""
LOG_INS = ("imap", "pop3", "submission")
MOMENT = 0.15
"""Seconds between two tries of who has to be let in; a refusal takes two to be told."""
PATIENCE = 20.0
"""Seconds for one who must be let in, where a program has to come back first."""


class Run:
    """Sequences on one server, and what was seen."""

    def __init__(self, site: Site, witness: Witness, seed: str) -> None:
        self.site, self.witness = site, witness
        self.chance = random.Random(seed)  # noqa: S311  # choices, not secrets
        self.hand = Hand(self.chance)
        self.now = People()
        self.past: list[tuple[str, People]] = []
        self.ever: dict[str, list[str]] = {}
        """Passwords that an account or master had, the newest last."""
        self.begun = time.monotonic()
        self.told: list[str] = []
        self.killed = False
        self.open: list[Try] = []
        """Tries of those who must stay outside; most are answered seconds later."""
        self.wrong: list[str] = []
        self.waits: list[float] = []
        """Seconds from a confirmation until the first log-in with the right password."""
        self.seen: Counter[str] = Counter()

    def sequence(self) -> None:
        """One or two changes, some with a kill in their middle, then the log-ins."""
        before = self.now
        for _ in range(self.chance.choice((1, 1, 2))):
            since = self._change(self.hand.change(self.now, self.past))
        self._look(before, since)
        self._judge(wait=False)

    def _change(self, change: Change) -> float:
        """Make it; the moment from which it has to hold."""
        self._judge_before(change.after)
        if self.killed:  # a change was confirmed before that
            poll(lambda: self.site.server.status()["healthy"], "what was killed is there again", 30)
        self.site.prepare(change, self.now)
        victim = self._victim()
        delay = self.chance.uniform(0.0, 0.5)
        self.told.append(f"{change.told}, killing {victim} after {delay:.2f} s" if victim else change.told)
        killer = threading.Thread(target=self._kill, args=(victim, delay))
        killer.start()
        confirmed, changed = self.site.make(change, self.now), False
        since = time.time()
        killer.join()
        self.killed = bool(victim)
        if victim == CONTAINER:
            self.site.server.wait_healthy()
            self.witness.restart()
        if not confirmed:
            changed = self.site.settle()
            since = time.time()
            assert victim or changed, f"{change.told}: nothing was killed, and it was not done"
            self.told[-1] += f" (unconfirmed, {'done' if changed else 'not done'})"
        print(f"{time.monotonic() - self.begun:.1f} s: {self.told[-1]}")
        if confirmed or changed:
            self._remember(change)
        return since

    def _remember(self, change: Change) -> None:
        self.now = change.after
        self.past.append((self.site.main(), self.now))
        for name, password in (*self.now.accounts.items(), *self.now.masters.items()):
            had = self.ever.setdefault(name, [])
            if password not in had:
                had.append(password)

    def _victim(self) -> str:
        if self.chance.random() > KILLS:
            return ""
        return CONTAINER if self.chance.random() < 0.04 else self.chance.choice(VICTIMS)

    def _kill(self, victim: str, delay: float) -> None:
        if not victim:
            return
        self.seen["kills"] += 1
        threading.Event().wait(delay)
        if victim == CONTAINER:
            self.site.server.container.kill()
            self.site.server.container.start()
        elif victim == "auth":
            self.site.server.run("pkill", "-9", "-x", "auth")
        else:
            self.site.server.run("bash", "-c", f"kill -9 $(supervisorctl pid {victim})")

    def _look(self, before: People, since: float) -> None:
        """Try everybody whom the sequence touched, and somebody else."""
        touched = {
            address
            for address in ADDRESSES
            if any(
                before.admits(way, address, password) != self.now.admits(way, address, password)
                for way in ("imap", "send", "receive")
                for password in self.ever.get(address, ())
            )
        }
        touched.add(self.chance.choice(ADDRESSES))
        pairs = [
            (way, address, password) for address in sorted(touched) for way, password in self._ways(address)
        ]
        pairs += [("receive", alias, "") for alias in ALIASES]
        pairs += [("imap", f"{STEADY}*{MASTER}", password) for password in self.ever.get(MASTER, ())[-3:]]
        self._try(pairs, since)

    def _ways(self, address: str) -> Iterator[tuple[str, str]]:
        yield "receive", ""
        for password in self.ever.get(address, ())[-4:]:
            yield self.chance.choice(LOG_INS), password
            if self.now.accounts.get(address) == password:
                yield "send", password

    def _try(self, pairs: list[tuple[str, str, str]], since: float) -> None:
        """Those who must stay out first, all at once; then those who must get in, until they do."""
        told = " | ".join(self.told[-4:])
        tries = [Try(*pair, told, since) for pair in pairs]
        right = [one for one in tries if self.now.admits(one.way, one.user, one.password)]
        self.open += [self.witness.attempt(one) for one in tries if one not in right]
        threads = [threading.Thread(target=self._get_in, args=(one,)) for one in right]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _get_in(self, first: Try) -> None:
        """Try until it is let in."""
        end = time.monotonic() + PATIENCE
        made: list[Try] = []
        while time.monotonic() < end:
            made.append(
                self.witness.attempt(Try(first.way, first.user, first.password, first.told, first.since))
            )
            made[-1].answered.wait(MOMENT)
            if let_in := [one for one in made if one.verdict == IN]:
                self.waits.append(max(let_in[0].late, 0.0))
                self.seen["let in"] += 1
                return
        self._complain(f"not let in within {PATIENCE} s: {first.way} {first.user}; after {first.told}")

    def _judge_before(self, after: People) -> None:
        """Wait for the answers that would be right ones once this is done."""
        for one in self.open:
            if after.admits(one.way, one.user, one.password):
                one.answered.wait(40)

    def _judge(self, wait: bool) -> None:
        """Count the answers of those who must stay out."""
        for one in self.open:
            if wait:
                one.answered.wait(40)
        answered = [one for one in self.open if one.verdict]
        self.open = [one for one in self.open if not one.verdict]
        for one in answered:
            self.seen["kept out" if one.verdict == OUT else one.verdict] += 1
            if one.verdict == IN:
                self._complain(
                    f"{one.late:.2f} s late: {one.way} {one.user} {one.password}; after {one.told}"
                )

    def _complain(self, what: str) -> None:
        print("WRONG:", what)
        self.wrong.append(what)

    def end(self) -> None:
        """Wait for the answers that are not there yet."""
        self._judge(wait=True)

    def figures(self) -> str:
        """What was seen, in a line."""
        waits = sorted(self.waits) or [0.0]
        return (
            f"seed {SEED}: {len(self.told)} changes, {self.seen['kills']} kills; "
            f"{self.seen['let in']} let in after {statistics.median(waits):.2f} s, {waits[-1]:.2f} at most; "
            f"{self.seen['kept out']} kept out, {self.seen[IN]} wrongly let in, {self.seen[AWAY]} unheard"
        )


@pytest.fixture(scope="module")
def site(
    engine: docker.DockerClient, network: Network, resolver: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A server of this module, with the account that nothing touches."""
    settings = {"ENABLE_RSPAMD": "0", "ENABLE_POP3": "1"}
    with started(engine, network, resolver, settings) as server:
        server.add_account(STEADY)
        yield Site(server, server.clone(tmp_path_factory.mktemp("clone") / "state"))


@pytest.fixture
def witness(site: Site) -> Iterator[Witness]:
    """Tries to get in; meanwhile somebody logs in all the time, so that Dovecot looks at its files."""
    witness = Witness(site.server)
    with going_on(witness, STEADY, PASSWORD, 0.2):
        yield witness
    witness.close()


@contextmanager
def going_on(witness: Witness, user: str, password: str, every: float) -> Iterator[None]:
    """Meanwhile somebody logs in all the time."""
    over = threading.Event()

    def go_on() -> None:
        while not over.wait(every):
            witness.attempt(Try("imap", user, password))

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _change_amid_a_second(server: Server, password: str) -> None:
    """Announce an account so that its files go when half of a second is over, whole ones later."""
    for _ in range(20):
        poll(lambda: time.time() % 1 < 0.3, "the begin of a second", every=0.01)
        server.must("setup", "email", "update", TWICE, password)
        if 0.15 < float(server.must("stat", "-c", "%.3Y", "/run/mail-fresh")) % 1 < 0.4:
            return


@pytest.mark.parametrize("how", FILES_GO)
def test_who_changes_again_once_it_is_announced_no_more(site: Site, witness: Witness, how: str) -> None:
    """Dovecot remembers the file that was there a moment ago, of an account that was just looked up."""
    server, wrong, passwords = site.server, [], [f"{how}-{number}" for number in range(4)]
    server.run("setup", "email", "del", "-y", TWICE)
    server.add_account(TWICE, passwords[0])
    for before, password in itertools.pairwise(passwords):
        _change_amid_a_second(server, before)
        with going_on(witness, TWICE, before, 0.05):
            server.must("sh", "-c", f"{FILES_GO[how]} && setup email update {TWICE} '{password}'")
        tries = [witness.attempt(Try(way, TWICE, before)) for way in LOG_INS]
        good = witness.attempt(Try("imap", TWICE, password))
        assert all(one.answered.wait(60) for one in (*tries, good))
        wrong += [f"{one.way} by {before}: {one.verdict}" for one in tries if one.verdict != OUT]
        wrong += [f"by {password}: {good.verdict}"] * (good.verdict != IN)
    assert wrong == []


def test_nobody_is_let_in_from_memory(site: Site, witness: Witness) -> None:
    """Once a change is confirmed, old passwords and people who are gone stay outside, and new ones get in."""
    run = Run(site, witness, SEED)
    try:
        for _ in range(SEQUENCES):
            run.sequence()
        run.end()
    finally:
        print(run.figures(), *run.wrong, sep="\n")
    assert run.wrong == []
    assert run.seen["kept out"] > SEQUENCES
    site.server.must("mailctl", "verify")
