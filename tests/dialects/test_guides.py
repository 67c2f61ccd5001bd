"""The examples of the documentation, verbatim, and the files of the guides."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderers.dovecot.dialects.translation import translate
from tests.dialects.guides import GUIDES

EXAMPLES = Path(__file__).parents[1] / "examples"
FILES = sorted([*EXAMPLES.glob("*/config/dovecot.cf"), *EXAMPLES.glob("*/config/dovecot/*.conf")])


@pytest.mark.parametrize("name", GUIDES)
def test_an_example_becomes_this(name: str) -> None:
    """Each is translated as it stands here, or refused with its lines."""
    old, new = GUIDES[name]
    found = translate(old, f"{name}.conf")
    if new is None:
        assert found.problems
    else:
        assert (found.problems, found.text) == ((), new)


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(EXAMPLES)) for path in FILES])
def test_the_files_of_guides_are_translated(path: Path) -> None:
    """None of them is refused."""
    assert translate(path.read_text("utf-8"), path.name).problems == ()
