"""user-patches.sh, which the agent runs by itself: only its syntax is checked here."""

from __future__ import annotations

import re

from agent.apply.user_patches.script import SCRIPT
from agent.commands import run
from agent.errors import Problem
from agent.files.staged_tree import StagedTree
from services.base import NodeService

DEADLINE = 5.0


def check_patches(staged: StagedTree) -> list[Problem]:
    """`bash -n` (bash(1)): the syntax of user-patches.sh."""
    script = staged.path(SCRIPT)
    if not script.is_file():
        return []
    ran = run(["bash", "-n", str(script)], DEADLINE)
    if not ran.code:
        return []
    first = next((line for line in ran.output.splitlines() if line.strip()), "not understood by bash")
    match = re.search(r": line (\d+): (.*)", first)
    line, message = (int(match[1]), match[2]) if match else (0, first)
    return [staged.problem("patches", SCRIPT, line, message)]


PATCHES = NodeService("patches", areas=("etc/dms/user-patches/",), check=check_patches)
