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


def seconds(samples: Sequence[float]) -> str:
    """Median and range of some durations in seconds, for a cell."""
    return f"{median(samples):.3f} ({min(samples):.3f}-{max(samples):.3f})"
