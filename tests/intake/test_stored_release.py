"""A release that is read back is what was rendered."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controlplane.errors import Corrupt
from controlplane.git import StateRepo
from controlplane.intake.stored_release import read_node, read_release
from controlplane.intake.trees import node_files, tree_id
from controlplane.intake.upgrade import Rendered
from controlplane.release import Basis, Releases
from renderers.release import NodeTree
from tests.change_sets import BEGIN
from tests.renderers.states import CASES, state


def content(tree: NodeTree) -> Callable[[str], bytes]:
    """The files of a node as its release has them."""
    kept = node_files({"mail": tree})["mail"]
    return lambda path: kept[path][0]


@pytest.mark.parametrize("name", CASES)
def test_a_node_is_read_back_as_it_was_rendered(name: str) -> None:
    """Files with their actions, owners and origins, and who renders each."""
    tree = Rendered.of(CASES[name]).trees["mail"]  # type: ignore[index]
    back = read_node(content(tree))
    assert dict(back.files) == dict(tree.files)
    assert dict(back.owners) == dict(tree.owners)
    assert back.manifest == tree.manifest


def test_large_files_are_read_back_in_their_parts(repo: StateRepo) -> None:
    """They are compared as whole files, and stored again as they were."""
    of = state(accounts=(f"user{number}@example.test" for number in range(14_000)))
    trees = Rendered.of(of).trees
    assert trees is not None
    release = Releases(repo).write(node_files(trees), Basis(1, "", "", "0"), BEGIN)
    back = read_release(repo, release)
    assert dict(back["mail"].files) == dict(trees["mail"].files)
    assert back["mail"].large
    assert tree_id(node_files(back)) == release.tree


@pytest.mark.parametrize("manifest", [b"", b"[]", b'{"files": {"a": {"service": "x", "action": "explode"}}}'])
def test_a_manifest_of_other_words_is_told(manifest: bytes) -> None:
    """A later version may have written it."""
    with pytest.raises(Corrupt, match=r"manifest\.json is none that this version can read"):
        read_node(lambda _: manifest)
