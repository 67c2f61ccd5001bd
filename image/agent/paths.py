"""Where things are on the node."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ASIDE = ".mail-agent~"
"""Prefix of files that are being built beside their targets; left-overs of it are rubbish."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Every place the agent touches, below `root` (the file system's root on a real node)."""

    root: Path = Path("/")

    def target(self, path: str) -> Path:
        """The place of a rendered file."""
        return self.root / path

    @property
    def repository(self) -> Path:
        """The bare state repository, read only by the agent."""
        return self.root / "var/mail-state/state.git"

    @property
    def state(self) -> Path:
        """The agent's own durable state (0700)."""
        return self.root / "var/mail-state/agent"

    @property
    def identity(self) -> Path:
        """What opens sealed values; the control plane makes it."""
        return self.root / "var/mail-state/control/identity.age"

    @property
    def run(self) -> Path:
        """Sockets and scratch space."""
        return self.root / "run/mail-agent"

    @property
    def socket(self) -> Path:
        """Where the agent listens."""
        return self.run / "agent.sock"

    @property
    def daemon_socket(self) -> Path:
        """Where the control plane daemon listens."""
        return self.root / "run/mail-control/control.sock"

    @property
    def supervisor_socket(self) -> Path:
        """Supervisor's XML-RPC."""
        return self.root / "run/supervisor.sock"

    @property
    def volume(self) -> Path:
        """The config volume that people edit by hand."""
        return self.root / "tmp/docker-mailserver"

    @property
    def logs(self) -> Path:
        """What the log files of mail are in."""
        return self.root / "var/log/mail"

    @property
    def exit_status(self) -> Path:
        """The status that the container ends with; 0 where there is no such file."""
        return self.root / "run/mailserver/exit-status"

    @property
    def repairs(self) -> Path:
        """What the container's start put right on the state volume, a line each."""
        return self.root / "run/mailserver/repairs"

    @property
    def surroundings(self) -> Path:
        """What user-patches.sh found before it changed files that nobody manages."""
        return self.root / "var/lib/mail-agent/surroundings"

    @property
    def supervisor_log_level(self) -> Path:
        """What the next start of the container begins with."""
        return self.state / "supervisor-log-level"

    @property
    def mail(self) -> Path:
        """The mailboxes: <domain>/<user>."""
        return self.root / "var/mail"
