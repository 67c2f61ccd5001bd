"""Problems and refusals as lines of text."""

from __future__ import annotations

from collections.abc import Sequence

from controlplane.errors import Problem
from controlplane.words.numbers import counted

REFUSED = "✗ refused: nothing was changed"


def refusal_lines(problems: Sequence[Problem], title: str = REFUSED) -> list[str]:
    """A title, each problem, and how to find them earlier."""
    many = counted(len(problems), "problem")
    return [
        title,
        *problem_lines(problems),
        f"{many}; correct and try again. `mailctl validate` finds them before a push.",
    ]


def problem_lines(problems: Sequence[Problem]) -> list[str]:
    """Each problem with its place, its excerpt with carets below the fault, and its cure."""
    return [line for problem in problems for line in _problem(problem)]


def place_of(problem: Problem) -> str:
    """`path:line`, `path` where no line is at fault, empty where no file is."""
    return f"{problem.path}:{problem.line}" if problem.path and problem.line else problem.path


def _problem(problem: Problem) -> list[str]:
    place = place_of(problem)
    lines = [f"  {place}: {problem.message}" if place else f"  {problem.message}"]
    if problem.excerpt:
        number = str(problem.line or " ")  # where no line is at fault it has no number
        lines.append(f"    {number} | {problem.excerpt}")
        if problem.column:
            gap = " " * len(number)
            lines.append(f"    {gap} | {' ' * (problem.column - 1)}{'^' * max(problem.length, 1)}")
    if problem.cure:
        lines.append(f"    {problem.cure}")
    return lines
