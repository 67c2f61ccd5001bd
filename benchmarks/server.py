"""A mail server in a container of its own, for the length of a measurement."""

from __future__ import annotations

import imaplib
import os
import shutil
import smtplib
import ssl
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tests.integration import scripts

IMAGE = os.environ.get("IMAGE", "git-mailserver:dev")
PASSWORD = "secret"
PLACES = {"config": "/tmp/docker-mailserver", "state": "/var/mail-state", "mail": "/var/mail"}
"""Folders of a server on this machine, and where each is mounted."""
STEP = 0.01
"""Seconds between two looks at something that is about to happen."""


def docker(*arguments: str, check: bool = True) -> str:
    """Run the docker client and return what it prints."""
    done = subprocess.run(["docker", *arguments], check=check, capture_output=True, text=True, timeout=300)
    return done.stdout.strip()


def poll(condition: Callable[[], bool], deadline: float) -> float:
    """Seconds until `condition` holds; raises TimeoutError after `deadline` seconds."""
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > deadline:
            raise TimeoutError(f"nothing came within {deadline} s")
        time.sleep(STEP)
    return time.monotonic() - start


@dataclass
class Server:
    """A running container, reached on loopback."""

    name: str
    folder: Path
    start_seconds: float = 0.0
    """From `docker run` to the ready line."""
    begun: float = 0.0
    """When `docker run` was called (monotonic clock)."""
    image: str = IMAGE
    ports: dict[int, int] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.image

    @cached_property
    def address(self) -> str:
        """The container's own address: no relay of the engine stands before it."""
        return docker("inspect", self.name, "--format", "{{.NetworkSettings.IPAddress}}")

    @property
    def mail(self) -> Path:
        """The folder that is /var/mail inside."""
        return self.folder / "mail"

    def exec(self, *command: str) -> str:
        """Run a command in the container."""
        return docker("exec", self.name, *command)

    def port(self, inside: int) -> int:
        """The port on loopback that leads to this one inside."""
        if inside not in self.ports:
            shown = docker("port", self.name, f"{inside}/tcp").splitlines()[0]
            self.ports[inside] = int(shown.rpartition(":")[2])
        return self.ports[inside]

    def restart(self) -> float:
        """Stop and start the container; seconds from the start to the ready line."""
        docker("stop", self.name)
        since, begun = time.time(), time.monotonic()
        docker("start", self.name)
        _wait_ready(self.name, 120, since)
        self.ports.clear()
        self.__dict__.pop("address", None)  # the engine may give another one
        return time.monotonic() - begun

    def healthy(self) -> bool:
        """Whether the engine's health check says so."""
        return docker("inspect", "-f", "{{.State.Health.Status}}", self.name) == "healthy"

    def login(self, address: str, password: str = PASSWORD) -> bool:
        """Whether IMAP over TLS takes this login now."""
        try:
            with imaplib.IMAP4_SSL(
                "127.0.0.1", self.port(993), ssl_context=untrusting(), timeout=10
            ) as client:
                client.login(address, password)
                return True
        except (imaplib.IMAP4.error, OSError):
            return False

    def accepts(self, recipient: str) -> bool:
        """Whether port 25 takes mail for this recipient from the null sender now."""
        try:
            with smtplib.SMTP("127.0.0.1", self.port(25), timeout=20) as client:
                client.ehlo("client.example.test")
                client.mail("")
                return client.rcpt(recipient)[0] == 250
        except (smtplib.SMTPException, OSError):
            return False

    @contextmanager
    def clone(self) -> Iterator[Path]:
        """A clone of the state repo, made through `docker exec`."""
        target = self.folder / f"clone-{uuid.uuid4().hex[:6]}"
        address = f"ext::docker exec -i {self.name} %S /var/mail-state/state.git"
        git(self.folder, "clone", "-q", address, str(target))
        git(target, "config", "user.name", "Bench")
        git(target, "config", "user.email", "bench@example.test")
        yield target


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder without anybody's own configuration."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", "-c", "protocol.ext.allow=always", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment, check=True, capture_output=True, text=True, timeout=120
    )
    return done.stdout + done.stderr


def untrusting() -> ssl.SSLContext:
    """A TLS context that takes the certificate which the server made for itself."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def accounts_file(count: int) -> str:
    """`count` accounts user1@example.test … with the password PASSWORD."""
    made = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"],
        input=PASSWORD,
        capture_output=True,
        text=True,
        check=True,
        timeout=10,
    )
    return "".join(
        f"user{n}@example.test|{{SHA512-CRYPT}}{made.stdout.strip()}\n" for n in range(1, count + 1)
    )


def _wait_ready(name: str, deadline: float, since: float = 0.0) -> float:
    """Seconds until the container says that it is up; lines before `since` (Unix time) do not count."""
    start = time.monotonic()
    follower = subprocess.Popen(
        ["docker", "logs", "-f", "--since", f"{since:.6f}", name],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        for line in follower.stdout or ():
            if line.rstrip().endswith("is up and running"):
                return time.monotonic() - start
            if time.monotonic() - start > deadline:
                break
    finally:
        follower.kill()
        follower.wait()
    raise TimeoutError(f"{name} was not ready within {deadline} s; docker logs says:\n{docker('logs', name)}")


@contextmanager
def resolver() -> Iterator[str]:
    """The address of a name server in a container: the tests' small zone, and nothing else."""
    name = f"mail-bench-dns-{uuid.uuid4().hex[:8]}"
    places = scripts.mounts("dns_responder.py").items()
    mounts = [part for place, inside in places for part in ("--volume", f"{place}:{inside}:ro")]
    try:
        named = ("--name", name, "--no-healthcheck")
        docker("run", "-d", *named, *mounts, IMAGE, *scripts.command("dns_responder.py"))
        poll(lambda: "answering" in docker("logs", name), 20)
        yield docker("inspect", name, "--format", "{{.NetworkSettings.IPAddress}}")
    finally:
        docker("rm", "-f", "-v", name, check=False)


def aliases_file(count: int) -> str:
    """`count` aliases alias1@example.test …, one for each account."""
    return "".join(f"alias{n}@example.test user{n}@example.test\n" for n in range(1, count + 1))


@contextmanager
def server(
    accounts: int,
    environment: Mapping[str, str | None] | None = None,
    deadline: float = 120,
    dns: str = "",
    volumes: Mapping[str, str] | None = None,
    image: str = IMAGE,
    config: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """A server with so many accounts, ready; gone afterwards, its folder too.

    A setting that is None is not in the environment. `dns` is its name server, `volumes` are more places
    of the host and where they are mounted, `config` more files of the config volume and their text.
    """
    folder = Path(tempfile.mkdtemp(prefix="mail-bench-"))
    (folder / "config").mkdir()
    files = {"postfix-accounts.cf": accounts_file(accounts), **(config or {})}
    for path, text in files.items():
        (folder / "config" / path).write_text(text)
    name = f"mail-bench-{uuid.uuid4().hex[:8]}"
    settings = {"SSL_TYPE": "self-signed", "ENABLE_RSPAMD": "0", **(environment or {})}
    options = [
        part for key, value in settings.items() if value is not None for part in ("--env", f"{key}={value}")
    ]
    options += ["--dns", dns] if dns else []
    options += [part for port in (25, 465, 587, 993) for part in ("--publish", f"127.0.0.1::{port}")]
    places = {f"{folder}/{place}": inside for place, inside in PLACES.items()} | dict(volumes or {})
    options += [part for place, inside in places.items() for part in ("--volume", f"{place}:{inside}")]
    try:
        begun = time.monotonic()
        docker("run", "-d", "--name", name, "--hostname", "mail.example.test", *options, image)
        _wait_ready(name, deadline)
        yield Server(name, folder, time.monotonic() - begun, begun, image)
    finally:
        docker("rm", "-f", "-v", name, check=False)
        shutil.rmtree(folder, ignore_errors=True)
