"""One change and the time until it serves, as a person sees it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.server import PASSWORD, Server, docker, git, poll, server

DEADLINE = 60.0
NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Site:
    """A server and a clone of its state repo."""

    server: Server
    clone: Path

    def __str__(self) -> str:
        return str(self.server)


@contextmanager
def site(
    image: str, accounts: int, config: dict[str, str] | None = None, deadline: float = 120
) -> Iterator[Site]:
    """A server with so many accounts, healthy, whose postscreen knows this machine, and a clone."""
    with server(accounts, image=image, config=config, deadline=deadline) as target, target.clone() as clone:
        poll(target.healthy, deadline)
        poll(lambda: target.accepts("user1@example.test"), DEADLINE)
        yield Site(target, clone)


def command_to_login(of: Site) -> float:
    """Seconds from the start of `setup email add` (docker exec included) to an accepted login.

    The first login is tried when the command has returned: Dovecot delays the answer to a wrong one by
    seconds (auth_failure_delay), which would hide what is measured.
    """
    address = f"new{next(NUMBERS)}@example.test"
    begun = time.monotonic()
    docker("exec", of.server.name, "setup", "email", "add", address, PASSWORD)
    poll(lambda: of.server.login(address), DEADLINE)
    return time.monotonic() - begun


def push_of_alias(of: Site) -> tuple[float, float]:
    """Seconds that a push of one alias takes, and from its start to the alias being accepted on port 25."""
    source = f"bench{next(NUMBERS)}@example.test"
    git(of.clone, "pull", "-q", "--rebase")
    path = of.clone / "config" / "postfix-virtual.cf"
    before = path.read_text() if path.exists() else ""
    path.write_text(f"{before}{source} user1@example.test\n")
    git(of.clone, "add", "config")
    git(of.clone, "commit", "-q", "-m", "Add an alias")
    begun = time.monotonic()
    git(of.clone, "push", "-q")
    returned = time.monotonic()
    poll(lambda: of.server.accepts(source), DEADLINE)
    return returned - begun, time.monotonic() - begun


def command(of: Site, *words: str) -> float:
    """Seconds until a command in the container has returned, `docker exec` and its output included."""
    begun = time.monotonic()
    docker("exec", of.server.name, *words)
    return time.monotonic() - begun
