"""A whole mail server in a container, as tests handle it."""

from __future__ import annotations

import imaplib
import json
import os
import smtplib
import subprocess
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from docker.models.containers import Container

from tests.integration import clients
from tests.integration.polling import poll
from tests.typed_answers import must_fit

PASSWORD = "correct horse"
PORTS = (25, 110, 143, 465, 587, 993, 995, 2222, 4190)
GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ada Admin",
    "GIT_AUTHOR_EMAIL": "ada@example.test",
    "GIT_COMMITTER_NAME": "Ada Admin",
    "GIT_COMMITTER_EMAIL": "ada@example.test",
    "GIT_ALLOW_PROTOCOL": "ext:file:ssh",
    "LC_ALL": "C.UTF-8",
}
"""Hermetic git: nobody's own configuration, a fixed identity."""


@dataclass
class Server:
    """A running container, addressed by its id; everything about it is looked up when it is asked for."""

    container: Container
    network: str
    volumes: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What `docker exec` calls it."""
        return str(self.container.name)

    def port(self, inside: int) -> int:
        """The port on 127.0.0.1 that leads to one of the container; another after each restart."""
        self.container.reload()
        return int(self.container.ports[f"{inside}/tcp"][0]["HostPort"])

    def wait_healthy(self, deadline: float = 90.0) -> None:
        """Return when every enabled service answers its probe."""

        def healthy() -> bool:
            self.container.reload()
            return bool(self.container.attrs["State"].get("Health", {}).get("Status") == "healthy")

        try:
            poll(healthy, f"{self.name} healthy", deadline, every=0.2)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.container.logs(tail=60).decode()}") from None

    def run(self, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """A command in the container, as root, its output as text; never raises for its status."""
        return subprocess.run(
            ["docker", "exec", "-i", self.name, *command],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def must(self, *command: str, stdin: str = "") -> str:
        """The same, which has to succeed; its stdout."""
        done = self.run(*command, stdin=stdin)
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def add_account(self, address: str, password: str = PASSWORD) -> str:
        """An account, made as people make it."""
        self.must("setup", "email", "add", address, password)
        return address

    def status(self) -> dict[str, Any]:
        """What `mailctl status --json` says, held to its type: the agent's half is passed on as it is."""
        answer: dict[str, Any] = json.loads(self.must("mailctl", "status", "--json"))
        must_fit("status", answer)
        return answer

    def log(self, *filters: str) -> list[dict[str, Any]]:
        """Entries of the log."""
        return [json.loads(line) for line in self.must("mailctl", "log", "--json", *filters).splitlines()]

    def rev(self, ref: str) -> str:
        """The commit that a ref of the state repo names, empty when it does not exist."""
        return self.run(
            "git", "--git-dir=/var/mail-state/state.git", "rev-parse", "-q", "--verify", ref
        ).stdout.strip()

    def pid(self, program: str) -> int:
        """The process id of a supervised program."""
        return int(self.must("supervisorctl", "pid", program).strip())

    def imap(self, user: str, password: str = PASSWORD) -> AbstractContextManager[imaplib.IMAP4]:
        """A logged-in IMAP session."""
        return clients.imap("127.0.0.1", self.port(993), user, password)

    def smtp(self, tls: bool = False) -> AbstractContextManager[smtplib.SMTP]:
        """A session on port 25 from outside."""
        return clients.smtp("127.0.0.1", self.port(25), tls)

    def submission(self, user: str, password: str = PASSWORD) -> AbstractContextManager[smtplib.SMTP]:
        """A logged-in session on 587."""
        return clients.submission("127.0.0.1", self.port(587), user, password)

    def submissions(self, user: str, password: str = PASSWORD) -> AbstractContextManager[smtplib.SMTP]:
        """A logged-in session on 465."""
        return clients.submissions("127.0.0.1", self.port(465), user, password)

    def deliver(
        self, recipient: str, sender: str = "someone@sender.test", body: str = "Hello."
    ) -> EmailMessage:
        """Hand a message in on port 25; raises what smtplib raises when it is refused."""
        made = clients.message(sender, recipient, body)
        with self.smtp() as session:
            session.send_message(made, sender, [recipient])
        return made

    def wait_for_mail(
        self, user: str, made: EmailMessage, folder: str = "INBOX", password: str = PASSWORD
    ) -> str:
        """The message as it lies in the mailbox, once it is there."""

        def arrived() -> str:
            with self.imap(user, password) as session:
                return clients.found(session, str(made["Subject"]), folder)

        return poll(arrived, f"mail in {folder} of {user}", 20, every=0.2)

    def clone(self, into: Path) -> Clone:
        """A clone of the state repo, without any open port."""
        url = f"ext::docker exec -i {self.name} %S /var/mail-state/state.git"
        _git(into.parent, "clone", "-q", url, str(into))
        return Clone(into)


@dataclass(frozen=True)
class Push:
    """How a push went: whether git says it succeeded, and what the server said."""

    accepted: bool
    said: str


@dataclass(frozen=True)
class Clone:
    """A person's clone of the state repo."""

    path: Path

    def git(self, *arguments: str) -> str:
        """git, which has to succeed; its stdout."""
        return _git(self.path, *arguments)

    def write(self, name: str, content: str | bytes, append: bool = False) -> None:
        """Write (or add to) a file of the working tree."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        before = path.read_bytes() if append and path.exists() else b""
        path.write_bytes(before + data)

    def commit(self, subject: str = "Change something") -> str:
        """Commit everything; the new commit's id."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", subject)
        return self.git("rev-parse", "HEAD").strip()

    def push(self, refspec: str = "HEAD:main", *options: str) -> Push:
        """Push and tell how it went."""
        done = _run_git(self.path, "push", *options, "origin", refspec)
        return Push(done.returncode == 0, done.stderr)

    def change(self, name: str, content: str | bytes, subject: str = "Change something") -> Push:
        """Write one file, commit, push."""
        self.write(name, content)
        self.commit(subject)
        return self.push()

    def back(self) -> None:
        """Forget local commits: stand where the server's main is."""
        self.git("fetch", "-q", "origin")
        self.git("reset", "-q", "--hard", "origin/main")
        self.git("clean", "-qfd")


def _run_git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **GIT},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def _git(folder: Path, *arguments: str) -> str:
    done = _run_git(folder, *arguments)
    assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
    return done.stdout
