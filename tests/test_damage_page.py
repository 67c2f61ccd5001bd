"""docs/reference/damage-matrix.md is whole: the test in containers writes it, cell by cell."""

from __future__ import annotations

from tests.integration.damage.cases import CASES
from tests.integration.damage.page import HEAD, PAGE, cells


def test_every_case_has_a_cell() -> None:
    """Each part, damage and moment that is tried, and nothing else, with one of the page's own words."""
    found = cells(PAGE.read_text("utf-8"))
    assert set(found) == {(case.part.name, case.moment, case.damage.name) for case in CASES}
    assert set(found.values()) <= {"whole", "mended", "named"}


def test_the_page_explains_its_words() -> None:
    """What stands above the table is what the generator writes today."""
    assert PAGE.read_text("utf-8").startswith(HEAD)
