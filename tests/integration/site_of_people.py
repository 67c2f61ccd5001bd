"""Carries out changes of who may log in, by each of the ways that people have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.integration.edits import MEANT
from tests.integration.people import PUSH, SETUP, VOLUME, Change, People
from tests.integration.polling import poll
from tests.integration.server import Clone, Push, Server

ACCOUNTS = "config/postfix-accounts.cf"
ON_VOLUME = "/tmp/docker-mailserver/postfix-accounts.cf"


@dataclass
class Site:
    """A server and a clone of its state repo."""

    server: Server
    clone: Clone
    _hashes: dict[str, str] = field(default_factory=dict)

    def main(self) -> str:
        """The commit of `main`."""
        return self.server.rev("main")

    def prepare(self, change: Change, now: People) -> None:
        """Get ready for a change, before anything is killed."""
        self._before = self.main()
        new = set(change.after.accounts.values()) - set(now.accounts.values())
        for password in new if change.way != SETUP else ():
            made = self.server.must("openssl", "passwd", "-6", password).strip()
            self._hashes[password] = f"{{SHA512-CRYPT}}{made}"  # of the kind and size that `setup` makes

    def make(self, change: Change, now: People) -> bool:
        """Carry it out; whether it was confirmed to serve, by whatever tells so on its way."""
        if change.way == PUSH:
            return self._push(change, now)
        if change.way == VOLUME:
            return self._write(change, now)
        commands = change.commands
        if change.back_to:
            commands = [("mailctl", "rollback", change.back_to, "--allow-mass-delete")]
        return all(self._confirmed(command) for command in commands)

    def settle(self) -> bool:
        """Wait until the newest release serves, whatever was killed; whether `main` has moved."""
        poll(self._serves, "the newest release serves", 30, every=0.2)
        return self.main() != self._before

    def _serves(self) -> bool:
        done = self.server.run("mailctl", "reconcile")
        if done.returncode or "in time" in done.stderr or "not yet" in done.stderr:
            return False
        status = self.server.status()
        return bool(status["healthy"] and status["applied"] == status["release"] and not status["failure"])

    def _confirmed(self, command: Iterable[str]) -> bool:
        done = self.server.run(*command)
        return done.returncode == 0 and "not yet" not in done.stderr

    def _push(self, change: Change, now: People) -> bool:
        clone = self.clone
        try:
            clone.back()
        except AssertionError:  # something was killed meanwhile
            return False
        if change.back_to:
            clone.git("read-tree", "-u", "--reset", change.back_to)
        else:
            text = self._text((clone.path / ACCOUNTS).read_text(), change, now)
            clone.write(ACCOUNTS, text)
        if not clone.git("status", "--porcelain"):
            return True
        clone.commit(change.told)
        return self._live(clone.push("HEAD:main", *MEANT))

    def _live(self, push: Push) -> bool:
        if not push.accepted:
            return False
        release = re.search(r"release (\d+)", push.said)
        if not release:  # a daemon killed meanwhile is told of no release, and what serves is not known yet
            return False
        done = self.server.run("mailctl", "status", "--wait", release[1])
        return done.returncode == 0

    def _write(self, change: Change, now: People) -> bool:
        """Edit the file of the config volume; nothing on this way tells when it serves."""
        text = self._text(poll(self._projected, "the volume has what main says", 20, every=0.1), change, now)
        self.server.run("sh", "-c", f"cat > {ON_VOLUME}", stdin=text)
        poll(lambda: self.main() != self._before, "the edit is taken over", 20, every=0.1)
        return False

    def _projected(self) -> str:
        """The file of the volume, empty while it is not yet what `main` says."""
        said = self.server.run(
            "git", "--git-dir=/var/mail-state/state.git", "show", f"main:{ACCOUNTS}"
        ).stdout
        return said if self.server.run("cat", ON_VOLUME).stdout == said else ""

    def _text(self, text: str, change: Change, now: People) -> str:
        """The accounts with what changes, and with the lines of everybody else as they are."""
        rows = dict(self._rows(text))
        moved = {password: rows[address] for address, password in now.accounts.items()}
        kept = {address: rest for address, rest in rows.items() if address not in now.accounts}
        after = {address: moved.get(p) or self._hashes[p] for address, p in change.after.accounts.items()}
        return "".join(f"{address}|{rest}\n" for address, rest in {**kept, **after}.items())

    def _rows(self, text: str) -> Iterator[tuple[str, str]]:
        for line in text.splitlines():
            if line and not line.startswith("#"):
                address, _, rest = line.partition("|")
                yield address, rest
