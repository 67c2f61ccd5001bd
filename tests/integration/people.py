"""Who may do what on a mail server, and the changes that a random hand makes to it."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

STEADY = "steady@example.test"
"""An account that no change touches; aliases lead to it."""
ADDRESSES = tuple(
    f"{name}@{domain}" for domain in ("example.test", "other.test") for name in ("ann", "bob", "cyd")
)
ALIASES = ("info@example.test", "shop@other.test")
MASTER = "admin"
SETUP, PUSH, VOLUME = "setup", "push", "volume"


@dataclass(frozen=True)
class People:
    """What the server should mean. Passwords are by address, and by name of a master account."""

    accounts: Mapping[str, str] = field(default_factory=dict)
    masters: Mapping[str, str] = field(default_factory=dict)
    silent: frozenset[str] = frozenset()
    """Those who may not send."""
    closed: frozenset[str] = frozenset()
    """Those who may not receive."""
    aliases: frozenset[str] = frozenset()

    def admits(self, way: str, user: str, password: str) -> bool:
        """Whether this try (tries.py) is one to let in."""
        if way == "receive":
            return user in {*self.accounts, *self.aliases} - self.closed
        if way == "send" and user in self.silent:
            return False
        address, _, master = user.partition("*")
        right = self.masters.get(master) if master else self.accounts.get(address)
        return address in {*self.accounts, STEADY} and right == password


@dataclass(frozen=True)
class Change:
    """One change by one way: the commands that make it, or the accounts that the file is to hold."""

    told: str
    after: People
    way: str = SETUP
    commands: Sequence[Sequence[str]] = ()
    back_to: str = ""
    """The commit of `main` to go back to."""


@dataclass
class Hand:
    """Makes changes at random. No password is ever given twice."""

    chance: random.Random
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def password(self) -> str:
        """A new one; all have the same length, and so have the files that hold them."""
        return f"secret-{next(self.numbers):06}"

    def change(self, now: People, past: Sequence[tuple[str, People]]) -> Change:
        """The next change. `past` are commits of `main` with what they mean, the newest last."""
        kinds: list[Callable[[People], Change | None]] = [
            *(
                self._add,
                self._update,
                self._update,
                self._remove,
                self._remove,
                self._rename,
                self._exchange,
            ),
            *(self._restrict, self._restrict, self._alias, self._master),
        ]
        while True:
            if past and self.chance.random() < 0.12:
                commit, then = self.chance.choice(past[-6:])
                way = self.chance.choice((SETUP, PUSH))
                return Change(f"go back to {commit[:8]} by {way}", then, way, back_to=commit)
            if made := self.chance.choice(kinds)(now):
                return made

    def _accounts(self, now: People, told: str, after: Mapping[str, str], *ways: str) -> Change:
        """A change of the accounts alone, by a way that can make it."""
        way = self.chance.choice(ways or (SETUP, SETUP, PUSH, VOLUME))
        gone = [address for address in now.accounts if address not in after]
        commands = [("setup", "email", "del", *gone)] if gone else []
        for address, password in after.items():
            if address not in now.accounts:
                commands.append(("setup", "email", "add", address, password))
            elif now.accounts[address] != password:
                commands.append(("setup", "email", "update", address, password))
        made = replace(now, accounts=dict(after))
        return Change(f"{told} by {way}", made, way, commands if way == SETUP else ())

    def _add(self, now: People) -> Change | None:
        free = [address for address in ADDRESSES if address not in now.accounts]
        if not free:
            return None
        address, password = self.chance.choice(free), self.password()
        return self._accounts(now, f"add {address} {password}", {**now.accounts, address: password})

    def _update(self, now: People) -> Change | None:
        if not now.accounts:
            return None
        address, password = self._one(now), self.password()
        return self._accounts(now, f"update {address} {password}", {**now.accounts, address: password})

    def _remove(self, now: People) -> Change | None:
        if len(now.accounts) < 3:
            return None
        gone = self._one(now)
        return self._accounts(now, f"delete {gone}", {a: p for a, p in now.accounts.items() if a != gone})

    def _rename(self, now: People) -> Change | None:
        free = [address for address in ADDRESSES if address not in now.accounts]
        if not free or len(now.accounts) < 2:
            return None
        old, new = self._one(now), self.chance.choice(free)
        after = {new if address == old else address: p for address, p in now.accounts.items()}
        return self._accounts(now, f"rename {old} to {new}", after, PUSH, VOLUME)

    def _exchange(self, now: People) -> Change | None:
        """Two people get each other's password: the file keeps its size."""
        if len(now.accounts) < 2:
            return None
        one, other = self.chance.sample(sorted(now.accounts), 2)
        after = {**now.accounts, one: now.accounts[other], other: now.accounts[one]}
        return self._accounts(now, f"exchange {one} and {other}", after, PUSH, VOLUME)

    def _restrict(self, now: People) -> Change:
        address, what = self.chance.choice(ADDRESSES), self.chance.choice(("send", "receive"))
        before = now.silent if what == "send" else now.closed
        verb = "del" if address in before else "add"
        turned = before ^ {address}
        after = replace(now, silent=turned) if what == "send" else replace(now, closed=turned)
        return Change(f"{verb} restriction {what} {address}", after, SETUP,
                      [("setup", "email", "restrict", verb, what, address)])  # fmt: skip

    def _alias(self, now: People) -> Change:
        alias = self.chance.choice(ALIASES)
        verb = "del" if alias in now.aliases else "add"
        after = replace(now, aliases=now.aliases ^ {alias})
        return Change(f"{verb} {alias}", after, SETUP, [("setup", "alias", verb, alias, STEADY)])

    def _master(self, now: People) -> Change:
        if MASTER in now.masters and self.chance.random() < 0.5:
            after = replace(now, masters={})
            return Change("delete the master", after, SETUP, [("setup", "dovecot-master", "del", MASTER)])
        verb, password = "update" if MASTER in now.masters else "add", self.password()
        after = replace(now, masters={MASTER: password})
        command = ("setup", "dovecot-master", verb, MASTER, password)
        return Change(f"{verb} the master {password}", after, SETUP, [command])

    def _one(self, now: People) -> str:
        return self.chance.choice(sorted(now.accounts))
