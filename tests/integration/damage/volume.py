"""A state volume that is damaged, and put back as it was before the next case."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from docker.models.containers import Container

from tests.integration.damage.cases import Case
from tests.integration.server import Server

PRISTINE = "/pristine"
KEPT = "/var/mail-state/state.git /var/mail-state/control /var/mail-state/agent /tmp/docker-mailserver"
"""The folders that cases damage, and the projection; queues and mail stay as they are."""


@dataclass(frozen=True)
class Bench:
    """A server, and a container beside it that has the same volumes and runs nothing."""

    server: Server
    tools: Container

    def shell(self, script: str, *arguments: str) -> str:
        """Run a script on the volumes, also while the server is down; its stdout."""
        command = ["docker", "exec", "-i", str(self.tools.name), "bash", "-eu", "-s", "-", *arguments]
        done = subprocess.run(command, input=script, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{script}: {done.stderr}"
        return done.stdout

    def keep(self) -> None:
        """Remember the volume as it is now; the server has to be down."""
        self.shell(f"mkdir -p {PRISTINE}; cp -a --parents {KEPT} {PRISTINE}/")

    def restore(self) -> None:
        """Make the volume what it was; the server has to be down."""
        self.shell(
            "for folder in " + KEPT + '; do find "$folder" -mindepth 1 -delete; '
            f'cp -a "{PRISTINE}$folder/." "$folder/"; done'
        )

    def has(self, case: Case) -> bool:
        """Whether there is something to damage."""
        return self.shell(f'{case.part.find} | while read -r p; do [ ! -e "$p" ] || echo yes; done') != ""

    def inflict(self, case: Case) -> None:
        """Do the damage of a case."""
        path = self.shell(case.part.find).strip()
        self.shell(f'[ -e "$1" ] || {{ echo "no $1" >&2; exit 1; }}\n{case.damage.inflict}', path)
