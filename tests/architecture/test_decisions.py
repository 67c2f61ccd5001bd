"""The decision records have one form, and their index agrees with them."""

from __future__ import annotations

from tests.architecture.decisions import FOLDER, decisions


def test_each_record_has_the_number_of_its_file() -> None:
    """`0008-….md` is number 8, and no number is given twice."""
    assert [record.number for record in decisions()] == [int(record.path.name[:4]) for record in decisions()]
    assert len({record.number for record in decisions()}) == len(decisions())


def test_the_index_has_one_line_per_record() -> None:
    """The table of the index is what the records' titles, dates and statuses make of it, in order."""
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    found = [line for line in index.splitlines() if line.startswith("| ") and line[2].isdigit()]
    assert found == [record.line for record in decisions()], "docs/decisions/README.md is not up to date"


def test_a_superseded_record_names_a_later_one() -> None:
    """The successor exists under the name of the link, and has the higher number."""
    files = {record.number: record.path.name for record in decisions()}
    for record in decisions():
        assert record.status == "accepted" or record.successors, record.path.name
        for number, name in record.successors:
            assert files.get(number) == name, record.path.name
            assert number > record.number, record.path.name
