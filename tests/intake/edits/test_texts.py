"""Files of `main` as texts, and edited texts as changes."""

from __future__ import annotations

import pytest

from controlplane.errors import Refused
from controlplane.git import NewFile
from controlplane.intake.edits.texts import text_of, write
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
