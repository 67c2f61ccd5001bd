"""What user-patches.sh makes of folders that have managed files in them."""

from __future__ import annotations

import pytest

from tests.agent.conftest import World
from tests.agent.test_patches import USERDB, Patcher, release


@pytest.mark.parametrize("script", ["", "another\n"])
def test_a_folder_that_became_a_link_is_one_again(world: World, script: str) -> None:
    """With the managed files in it, which go with what the link led to."""
    folder, moved = world.root / "etc/dovecot", world.root / "etc/dovecot.real"

    patcher = Patcher(world)
    assert world.engine.apply(release(world))["outcome"] == "applied"

    def move() -> None:
        folder.rename(moved)
        folder.symlink_to(moved.name)

    patcher.change = move
    assert world.engine.apply(release(world, "move\n"))["outcome"] == "applied"
    assert folder.is_symlink()
    patcher.change = lambda: None
    assert world.engine.apply(release(world, script))["outcome"] == "applied"
    assert not folder.is_symlink()
    assert not moved.exists()
    assert world.text(USERDB) == "userdb 1\n"
    assert world.node.drifted(world.node.release) == []
