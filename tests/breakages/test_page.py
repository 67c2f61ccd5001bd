"""docs/reference/breakages.md is what the tables of cases say."""

from __future__ import annotations

from tests.breakages.page import PAGE, SECTIONS, page


def test_the_page_is_fresh() -> None:
    """`python -m tests.breakages` writes it."""
    assert PAGE.read_text("utf-8") == page()


def test_there_are_enough_of_them() -> None:
    """A matrix that shrinks has lost cases."""
    assert sum(len(section.rows) for section in SECTIONS) >= 25
