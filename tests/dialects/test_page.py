"""docs/reference/dovecot-2.3.md is what the table says."""

from __future__ import annotations

from tests.dialects.page import PAGE, page


def test_the_page_is_fresh() -> None:
    """`python -m tests.dialects` writes it."""
    assert PAGE.read_text("utf-8") == page()
