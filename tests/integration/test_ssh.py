"""Git over SSH: only with keys from main, only git, and who pushed is the key's comment."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.polling import poll
from tests.integration.server import GIT, Clone, Server

KEYS = "config/gitops/authorized_keys"
URL = "ssh://git@127.0.0.1/var/mail-state/state.git"


@dataclass(frozen=True)
class Laptop:
    """A person's machine with a key of their own."""

    home: Path
    port: int

    @property
    def ssh(self) -> list[str]:
        """ssh with that key and nothing of this machine's configuration."""
        options = ("IdentitiesOnly=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null",
                   "LogLevel=ERROR", "ConnectTimeout=10", "BatchMode=yes")  # fmt: skip
        flags = [flag for option in options for flag in ("-o", option)]
        return ["ssh", "-F", "/dev/null", "-i", str(self.home / "key"), "-p", str(self.port), *flags]

    def run(self, *command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """A command that may use the key; never raises for its status."""
        return subprocess.run(
            command,
            cwd=cwd or self.home,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.home),
                "GIT_SSH_COMMAND": " ".join(self.ssh),
                **GIT,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def listens(server: Server) -> bool:
    """Whether a server of SSH answers on 2222."""
    try:
        with socket.create_connection(("127.0.0.1", server.port(2222)), timeout=5) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


@pytest.fixture(scope="module")
def laptop(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """A laptop whose key stands on main while the module runs."""
    assert shutil.which("ssh-keygen"), "these tests need OpenSSH's client"
    home = tmp_path_factory.mktemp("laptop")
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ada@laptop", "-f", str(home / "key")],
        check=True,
        timeout=20,
    )
    assert not listens(server), "SSH has to be off as long as there are no keys"
    clone: Clone = server.clone(home / "by-exec")
    push = clone.change(KEYS, (home / "key.pub").read_bytes(), "Let Ada push")
    assert push.accepted, push.said
    poll(lambda: listens(server), "sshd listens", 15, every=0.2)
    yield Laptop(home, server.port(2222))
    clone.back()
    (clone.path / KEYS).unlink()
    clone.commit("Let nobody push")
    assert clone.push().accepted
    poll(lambda: not listens(server), "SSH is off again", 15, every=0.2)


@pytest.mark.shows("gitops/authorized_keys")
def test_a_key_clones_and_pushes(server: Server, laptop: Laptop) -> None:
    """The answer is the plan as everywhere, and the log names the key's comment as the actor."""
    user = server.add_account("ssh@example.test")
    cloned = laptop.run("git", "clone", "-q", URL, "work")
    assert cloned.returncode == 0, cloned.stderr
    work = Clone(laptop.home / "work")
    work.write("config/postfix-virtual.cf", f"overssh@example.test {user}\n", append=True)
    work.commit("Add an alias over SSH")
    pushed = laptop.run("git", "push", "-o", "reason=from the train", "origin", "HEAD:main", cwd=work.path)
    assert pushed.returncode == 0, pushed.stderr
    assert "Plan: 1 to add, 0 to change, 0 to remove." in pushed.stderr
    entry = server.log("--subject", "overssh@example.test")[-1]
    assert (entry["actor"], entry["author"]) == ("ada@laptop", "Ada Admin")
    assert (entry["source"], entry["reason"]) == ("push", "from the train")
    assert "ada@laptop" in server.must("mailctl", "log", "--subject", "overssh@example.test")


def test_mistakes_are_refused_here_too(server: Server, laptop: Laptop) -> None:
    """The checks do not depend on the way in."""
    assert laptop.run("git", "clone", "-q", URL, "wrong").returncode == 0
    wrong, before = Clone(laptop.home / "wrong"), server.rev("main")
    wrong.write("mailserver.env", "ENABEL_RSPAMD=1\n", append=True)
    wrong.commit("Make a mistake")
    pushed = laptop.run("git", "push", "origin", "HEAD:main", cwd=wrong.path)
    assert pushed.returncode != 0
    assert "did you mean ENABLE_RSPAMD?" in pushed.stderr
    assert server.rev("main") == before


@pytest.mark.parametrize(
    "command",
    [
        "",
        "id",
        "git-upload-pack /etc",
        "git-upload-pack '/var/mail-state/state.git'; id",
        "scp -f /etc/passwd",
    ],
)
def test_there_is_no_shell(laptop: Laptop, command: str) -> None:
    """Neither a session nor a command, nor another repository, whatever the name of the command."""
    done = laptop.run(*laptop.ssh, "-T", "git@127.0.0.1", *([command] if command else []))
    assert done.returncode != 0
    assert "uid=" not in done.stdout
    assert "root:" not in done.stdout
    assert "nothing else" in done.stderr


def test_nothing_is_forwarded(laptop: Laptop) -> None:
    """A key is no way into the container's network."""
    done = laptop.run(*laptop.ssh, "-W", "127.0.0.1:25", "git@127.0.0.1")
    assert done.returncode != 0
    assert "220" not in done.stdout
    assert "prohibited" in done.stderr or "forwarding" in done.stderr, done.stderr


@pytest.mark.parametrize("user", ["git", "root"])
def test_passwords_do_not_open_it(laptop: Laptop, user: str) -> None:
    """Keys alone are offered, and root has no access at all."""
    off = ["-o", "PubkeyAuthentication=no", "-o", "PreferredAuthentications=password,keyboard-interactive"]
    done = laptop.run(*laptop.ssh, *off, f"{user}@127.0.0.1", "id")
    assert done.returncode == 255
    assert "Permission denied (publickey)" in done.stderr
    if user == "root":
        assert laptop.run(*laptop.ssh, "root@127.0.0.1", "id").returncode == 255


def test_another_key_does_not_open_it(laptop: Laptop) -> None:
    """Who is not on main is not let in."""
    other = laptop.home / "other"
    other.mkdir()
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "eve", "-f", str(other / "key")],
        check=True,
        timeout=20,
    )
    stranger = Laptop(other, laptop.port)
    assert stranger.run("git", "ls-remote", URL).returncode != 0


@pytest.mark.shows("gitops/authorized_keys")
def test_broken_keys_are_refused(server: Server, laptop: Laptop) -> None:
    """A line that is no key, or that wants options of its own, does not come onto main."""
    clone = server.clone(laptop.home / "keys")
    for line in ("not a key\n", f'command="/bin/sh" {(laptop.home / "key.pub").read_text()}'):
        clone.back()
        clone.write(KEYS, line, append=True)
        clone.commit("Change the keys")
        push = clone.push()
        assert not push.accepted, push.said
        assert f"{KEYS}:2: " in push.said, push.said
