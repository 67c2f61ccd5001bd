"""The report of an import as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from controlplane.cli.text.terminal import columns

if TYPE_CHECKING:
    from controlplane.protocol.changes import ImportItem, Taken

MARKS = {"added": "+", "replaced": "~", "merged": "~", "same": "=", "left out": "−"}
MOST = 200
"""How many files and how many settings are listed; --json lists all."""
PINNED = "pinned"


def left_out(passed: Mapping[str, str]) -> list[ImportItem]:
    """Rows, in the form of the daemon's report, for files that were not sent to it."""
    return [
        {"name": f"config/{path}", "done": "left out", "support": "", "note": why, "sealed": False, "line": 0}
        for path, why in passed.items()
    ]


def report_lines(found: Taken) -> list[str]:
    """Files, settings, advice on them, and the plan."""
    files, settings = found["files"], found["settings"]
    return [
        f"► files: {len(files)}",
        *_rows(files),
        *([f"► settings: {len(settings)}", *_rows(settings)] if settings else []),
        *_advice(settings),
        *found["text"],
    ]


def _rows(items: list[ImportItem]) -> list[str]:
    shown = columns([_row(item) for item in items[:MOST]], indent="  ")
    return [*shown, f"  … and {len(items) - MOST} more"] if len(items) > MOST else shown


def _row(item: ImportItem) -> list[str]:
    done = item["done"] + (", sealed" if item["sealed"] and item["done"] != "left out" else "")
    return [MARKS[item["done"]], item["name"], done, item["support"], item["note"]]


def _advice(settings: list[ImportItem]) -> Iterator[str]:
    pinned = sum(item["note"].startswith(PINNED) or f"; {PINNED}" in item["note"] for item in settings)
    if pinned:
        yield (
            f"⚠ pinned: {pinned}; take `env_file:` or `environment:` out of compose.yaml, then main decides"
        )
