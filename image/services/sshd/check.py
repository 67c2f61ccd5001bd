"""sshd(8) on a staged tree."""

from __future__ import annotations

import re

from agent.commands import run
from agent.errors import Problem
from agent.files.compilers import last_line
from agent.files.staged_tree import StagedTree

DEADLINE = 5.0


def check_sshd(staged: StagedTree) -> list[Problem]:
    """`sshd -t` (sshd(8)), with a host key to throw away: the real ones are made when sshd first starts."""
    problems = []
    key = str(staged.folder / "host_key")
    for entry in staged.target.files.values():
        if "sshd" in entry.services and entry.path.endswith("sshd_config"):
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], DEADLINE)
            config = str(staged.path(entry.path))
            ran = run(["/usr/sbin/sshd", "-t", "-f", config, "-h", key], DEADLINE)
            if ran.code:
                match = re.search(r" line (\d+)", ran.output)
                line = int(match[1]) if match else 0
                problems.append(staged.problem("sshd", entry.path, line, last_line(ran.output)))
    return problems
