"""One way to print figures: a Markdown table, so that a run can be pasted into benchmarks/README.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median


def print_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a Markdown table on standard output."""
    print("| " + " | ".join(header) + " |")
    print("|" + " --- |" * len(header))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |", flush=True)


def number(value: float) -> str:
    """A figure with some three significant digits, and never more than three decimals."""
    size = abs(value)
    if size >= 100 or size == 0:
        return f"{value:,.0f}"
    return f"{value:.{1 if size >= 10 else 2 if size >= 1 else 3}f}"


def spread(samples: Sequence[float]) -> str:
    """Median and range of some figures, for a cell; the figure alone where there is one."""
    if len(samples) == 1:
        return number(samples[0])
    return f"{number(median(samples))} ({number(min(samples))}-{number(max(samples))})"
