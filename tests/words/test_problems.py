"""How refusals read."""

from __future__ import annotations

from controlplane.errors import Problem
from controlplane.words.problems import problem_lines, refusal_lines


def test_a_refusal_shows_the_line_and_its_fault() -> None:
    """Place, reason, the line, the fault underlined, the cure."""
    problem = Problem("config/x.cf", 14, "that is wrong", "write it right", 3, 4, "a wrong line")
    assert refusal_lines([problem]) == [
        "✗ refused: nothing was changed",
        "  config/x.cf:14: that is wrong",
        "    14 | a wrong line",
        "       |   ^^^^",
        "    write it right",
        "1 problem; correct and try again. `mailctl validate` finds them before a push.",
    ]


def test_a_line_without_a_number_is_shown_as_well() -> None:
    """Of an excerpt that stands in no file the fault is underlined, too."""
    problem = Problem("", 0, "that is wrong", "", 3, 4, "a wrong line")
    assert problem_lines([problem]) == [
        "  that is wrong",
        "      | a wrong line",
        "      |   ^^^^",
    ]
    assert problem_lines([problem]) == refusal_lines([problem])[1:-1]
