"""user-patches.sh, which the agent runs by itself: it is only looked at here."""

from __future__ import annotations

from agent.apply.user_patches.script import SCRIPT
from agent.errors import Problem
from agent.files.staged_tree import StagedTree
from services.base import NodeService
from services.programs import check_script


def check_patches(staged: StagedTree) -> list[Problem]:
    """What is wrong in user-patches.sh as far as it can be told without running it."""
    return check_script(staged, "patches", SCRIPT)


PATCHES = NodeService("patches", areas=("etc/dms/user-patches/",), check=check_patches)
