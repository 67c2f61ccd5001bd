"""Any text of `main` can be made to mean any state, and what is not in the way stays as it was."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from controlplane.intake.trees import Files
from controlplane.model import Desired
from controlplane.statefiles.collections import COLLECTIONS
from controlplane.statefiles.compose import compose
from controlplane.statefiles.tree import TreeFile, read_tree
from tests.property.strategies import changed_states

REMARKS = ("# who may do what", "", "#", "  # said by Ada")


def written(files: Files, desired: Desired) -> Files:
    """The files that say this instead."""
    return compose(desired, files)


def fit(desired: Desired) -> Desired:
    """The state without what no file can say: values that the formats do not take."""
    return read_tree(written({}, desired))[0]


pairs = changed_states().map(lambda pair: (fit(pair[0]), fit(pair[1])))


@st.composite
def remarked(draw: st.DrawFn, files: Files) -> Files:
    """The files with comments and empty lines between theirs, and another line end."""
    made: dict[str, TreeFile] = {}
    end = draw(st.sampled_from(["\n", "\r\n"]))
    for path, file in files.items():
        if path not in {kind.path for kind in COLLECTIONS}:
            made[path] = file
            continue
        lines = file.content.decode().split("\n")
        for _ in range(draw(st.integers(0, 4))):
            lines.insert(draw(st.integers(0, len(lines) - 1)), draw(st.sampled_from(REMARKS)))
        made[path] = TreeFile(end.join(lines).encode(), file.mode)
    return made


@given(pairs, st.data())
def test_any_text_becomes_any_state(pair: tuple[Desired, Desired], data: st.DataObject) -> None:
    """The meaning is the wanted one in its order, comments are all there, and once more changes nothing."""
    old, new = pair
    assert read_tree(written({}, new)) == (new, ())
    before = data.draw(remarked(written({}, old)))
    after = written(before, new)
    assert read_tree(after) == (new, ())
    assert written(after, new) == after
    for kind in COLLECTIONS:
        assert comments(before.get(kind.path)) == comments(after.get(kind.path)), kind.path


def comments(file: Any) -> list[str]:
    """Lines that say nothing to the server."""
    lines = file.content.decode().split("\n") if file else []
    return [line.strip() for line in lines if line.strip().startswith("#")]


@given(pairs)
def test_there_and_back_again_is_the_same_meaning(pair: tuple[Desired, Desired]) -> None:
    """What was rewritten can be rewritten back."""
    old, new = pair
    files = written({}, old)
    assert read_tree(written(written(files, new), old)) == (old, ())
