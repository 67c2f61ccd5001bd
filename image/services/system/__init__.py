"""The log, cron and the time zone: what runs whatever is applied."""

from __future__ import annotations

from agent.errors import Problem
from agent.files.compilers import ZONES
from agent.files.staged_tree import StagedTree
from services.base import NodeService


def check_system(staged: StagedTree) -> list[Problem]:
    """The time zone is one of the system's (tzfile(5))."""
    zone = staged.text("etc/timezone").strip()
    if not zone or (ZONES / zone).is_file():
        return []
    return [staged.problem("system", "etc/timezone", 1, f"{zone} is no time zone")]


SYSTEM = NodeService(
    "system",
    areas=("etc/logrotate.d/maillog", "etc/timezone"),
    check=check_system,
    always_runs=True,
)
