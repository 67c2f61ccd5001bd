"""rspamadm(1) on a staged tree."""

from __future__ import annotations

import re

from agent.commands import run
from agent.errors import Problem
from agent.files.compilers import last_line
from agent.files.staged_tree import StagedTree

DEADLINE = 20.0
ONCE = ("env", "RES_OPTIONS=timeout:1 attempts:1")
"""It looks up each server that is named, one after the other, and the check needs none (resolv.conf(5))."""


def check_rspamd(staged: StagedTree) -> list[Problem]:
    """`rspamadm configtest` on the staged tree: otherwise it reads the live local.d."""
    folder = staged.path("etc/rspamd")
    if not (folder / "rspamd.conf").exists():
        return []
    words = [
        *ONCE,
        "rspamadm",
        f"--var=CONFDIR={folder}",
        f"--var=LOCAL_CONFDIR={folder}",
        "configtest",
        "-c",
    ]
    ran = run([*words, str(folder / "rspamd.conf")], DEADLINE)
    if ran.code == 0:
        return []
    match = re.search(r"error while parsing (\S+): line: (\d+), column: \d+ - (.*)", ran.output)
    if match:
        return [staged.problem("rspamd", match[1], int(match[2]), match[3])]
    lines = [line for line in ran.output.splitlines() if line.strip() and "syntax BAD" not in line]
    return [staged.problem("rspamd", "etc/rspamd/rspamd.conf", 0, last_line("\n".join(lines)))]
