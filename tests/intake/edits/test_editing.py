"""What commands share: arguments, and texts in and out of the tree."""

from __future__ import annotations

import pytest

from controlplane.errors import Refused, UsageError
from controlplane.git import NewFile
from controlplane.intake.edits.editing import need, text_of, write
from controlplane.statefiles.tree import EXECUTABLE, TreeFile

SEALED = b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n"


@pytest.mark.parametrize(
    ("content", "message"), [(SEALED, "sealed as a whole"), (b"a@b.test:1G \xff\n", "not UTF-8")]
)
def test_what_cannot_be_edited_is_refused(content: bytes, message: str) -> None:
    """A line more in such a file would destroy it."""
    with pytest.raises(Refused, match=message):
        text_of({"config/x": TreeFile(content)}, "config/x")


def test_only_what_differs_is_written() -> None:
    """With the mode that the file has; a missing file is an empty one."""
    files = {"config/x": TreeFile(b"a\n", EXECUTABLE)}
    assert text_of(files, "config/none") == ""
    assert write(files, "config/x", "a\n") == {}
    assert write(files, "config/x", "b\n") == {"config/x": NewFile(b"b\n", EXECUTABLE)}


def test_arguments_are_not_guessed() -> None:
    """A missing one is wrong usage, one that would make a comment is refused."""
    with pytest.raises(UsageError):
        need({"address": 5}, "address")
    with pytest.raises(Refused, match="comment"):
        need({"address": "#a@b.test"}, "address")
