"""Which files of a folder of programs are programs: all of them are made executable."""

from __future__ import annotations

import re

_BESIDES = re.compile(r"[A-Z]+|.*\.(?!(?:sh|bash|dash)$)[^.]*")
"""Names of notes, data and modules."""


def lies_beside(path: str, content: bytes) -> bool:
    """Whether a file is one that a program reads, or a person, by its name and without a first line `#!`.

    What is neither is run by sh where nothing else is said (exec(3), execvp).
    """
    return not content.startswith(b"#!") and _BESIDES.fullmatch(path.rpartition("/")[2]) is not None
