"""The text of docs/reference/compatibility.md."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from tests.compatibility import scope
from tests.compatibility.marks import ROOT, Shown
from tests.compatibility.scope import Entry

PAGE = ROOT / "docs/reference/compatibility.md"
MOST = 3
"""Tests that a row names; the marks name them all."""

HEAD = """\
# Compatibility

<!-- written by `python -m tests.compatibility`; a test holds it fresh -->

What a person who knows containers of this kind finds here already, what comes later, and the tests that show
it. A setting that comes later is checked and recorded, has no effect, and whoever sets it is told so. A file
that comes later is kept as it is. What is not there is *off*: a filter whose documented default is on
(`ENABLE_AMAVIS`, `ENABLE_OPENDKIM`, …) does not run yet, and turning it off asks for nothing.
"""


def page(shown: Shown) -> str:
    """The whole page for these marks."""
    return "\n".join([HEAD, *_parts(shown)]) + "\n"


def _parts(shown: Shown) -> Iterator[str]:
    areas = list(scope.settings(shown))
    tables = {
        "Commands": scope.commands(shown),
        "Files of the config volume": scope.files(shown),
        "Guides": scope.guides(shown),
    }
    every = {"Settings": [entry for _, rows in areas for entry in rows], **tables}
    yield "| | supported | later | not applicable |\n|---|---|---|---|"
    for title, rows in every.items():
        yield f"| [{title}](#{title.lower().replace(' ', '-')}) | {' | '.join(_counts(rows))} |"
    for title, rows in tables.items():
        yield f"\n## {title}\n"
        yield from _table(rows)
    yield "\n## Settings\n\n[Their reference](settings.md) says what each does."
    for area, rows in areas:
        yield f"\n### {area}\n"
        yield from _table(rows)


def _counts(rows: Iterable[Entry]) -> list[str]:
    states = [entry.state for entry in rows]
    return [
        str(sum(state.startswith(word) for state in states)) for word in ("supported", "later", "not applic")
    ]


def _table(rows: list[Entry]) -> Iterator[str]:
    about = any(entry.about for entry in rows)
    yield "| | | | shown by |\n|---|---|---|---|" if about else "| | | shown by |\n|---|---|---|"
    for entry in rows:
        middle = f" {entry.about} |" if about else ""
        yield f"| `{entry.name}` |{middle} {entry.state} | {_tests(entry.tests)} |".replace("|  |", "| |")


def _tests(tests: tuple[str, ...]) -> str:
    by_file: dict[str, list[str]] = defaultdict(list)
    for test in tests[:MOST]:
        path, _, name = test.partition("::")
        by_file[path].append(name)
    cells = [f"[{path}](../../tests/{path}): {', '.join(names)}" for path, names in by_file.items()]
    more = [f"{len(tests) - MOST} more"] if len(tests) > MOST else []
    return "; ".join(cells + more)
