"""Any sequence of pushes, commands, hand edits, reports, rollbacks and restarts leaves the three agreeing."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable

import pytest

from controlplane.errors import MailserverError
from tests.daemon.site import HASH, Clone, Site

STEPS = 24
ACCOUNTS, VIRTUAL = "config/postfix-accounts.cf", "config/postfix-virtual.cf"


class History:
    """One random life of a site. What is refused is part of it; what is a bug is raised."""

    def __init__(self, site: Site, seed: int) -> None:
        self.site, self.dice = site, random.Random(seed)  # noqa: S311  # to be repeated, not to be secret
        self.clone: Clone = site.clone()
        self.applied = 0
        self.kept: dict[int, object] = {}

    def run(self) -> None:
        acts: list[Callable[[], None]] = [
            self.add, self.add, self.remove, self.alias, self.push, self.push, self.volume, self.roll_back,
            self.take_back, self.take_back, self.drift, self.pin, self.restart, self.file_for_folder,
        ]  # fmt: skip
        for _ in range(STEPS):
            try:
                self.dice.choice(acts)()
            except MailserverError:
                continue
            intake = self.site.daemon.intake
            self.kept[intake.position] = intake.state.desired

    def address(self) -> str:
        return f"user{self.dice.randrange(8)}@example.test"

    def add(self) -> None:
        self.site.add(self.address())

    def remove(self) -> None:
        self.site.ask("edit", command="account.remove", address=self.address())

    def alias(self) -> None:
        name = f"alias{self.dice.randrange(4)}@example.test"
        self.site.ask(
            "edit", command=f"alias.{self.dice.choice(['add', 'remove'])}", alias=name, target=self.address()
        )

    def push(self) -> None:
        self.clone.git("fetch", "-q")
        self.clone.git("reset", "-q", "--hard", self.dice.choice(["origin/main", "HEAD"]))
        for _ in range(self.dice.randrange(1, 3)):
            name = f"pushed{self.dice.randrange(9)}@example.test"
            path, text = self.dice.choice(
                [
                    (ACCOUNTS, f"{name}|{HASH}\n"),
                    (VIRTUAL, f"{name} {self.address()}\n"),
                    (VIRTUAL, "# a remark\n"),
                    (ACCOUNTS, "nonsense\n"),
                    ("mailserver.env", f"POSTFIX_MESSAGE_SIZE_LIMIT={self.dice.randrange(10**6, 10**7)}\n"),
                    ("config/extra.txt", "extra\n"),
                ]
            )
            self.clone.append(path, text)
            self.clone.commit()
        self.clone.push("origin", self.dice.choice(["HEAD:main", "HEAD:main", "+HEAD:refs/heads/side"]))

    def volume(self) -> None:
        repo = self.site.daemon.intake.stores.repo
        entry = repo.files(repo.refs.get("main")).get(VIRTUAL)
        base = repo.blob(entry.id) if entry else b""
        text = base + f"hand{self.dice.randrange(9)}@example.test {self.address()}\n".encode()
        change = {
            "path": VIRTUAL.removeprefix("config/"),
            "content": base64.b64encode(text).decode(),
            "base": entry.id if entry else "",
        }
        self.site.ask("agent.volume", changes=[change])

    def file_for_folder(self) -> None:
        path = self.dice.choice(["config/thing", "config/thing/part"])
        self.clone.git("fetch", "-q")
        self.clone.git("reset", "-q", "--hard", "origin/main")
        self.clone.git("rm", "-r", "-q", "config/thing")
        self.clone.write(path, f"{self.dice.random()}\n")
        self.clone.commit()
        self.clone.push()

    def roll_back(self) -> None:
        if not self.kept:
            return
        position = self.dice.choice(sorted(self.kept))
        wanted = self.kept[position]
        self.site.ask("rollback", target=str(position), wait=False, allow_mass_delete=True)
        assert self.site.daemon.intake.state.desired == wanted

    def take_back(self) -> None:
        position = self.dice.randrange(1, self.site.daemon.intake.position + 1)
        self.site.ask("revert", positions=[str(position)], wait=False, allow_mass_delete=True)
        assert self.site.ask("revert", positions=[str(position)], dry_run=True)["different"] is False

    def drift(self) -> None:
        self.site.ask("agent.drift", paths=self.dice.choice([[], ["/etc/postfix/main.cf"]]))

    def pin(self) -> None:
        self.site.environment["SPOOF_PROTECTION"] = self.dice.choice(["0", "1"])

    def restart(self) -> None:
        self.site.stop(save=self.dice.random() < 0.5)
        self.site.start()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_log_main_and_rendered_agree_after_anything(site: Site, seed: int) -> None:
    """fold(log) is what `main` says, rendering it is what `rendered` holds, and a rollback is exact."""
    history = History(site, seed)
    history.run()
    site.must_agree()
    before = site.daemon.intake.state
    history.restart()
    assert site.daemon.intake.state.desired == before.desired
    site.must_agree()
