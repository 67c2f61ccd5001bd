"""Lines of translated files that doveconf refuses where they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.commands import Ran
from services.dovecot.refused_lines import MARK, Rows, extent, without_refused

ROWS = [
    "# made",
    "auth_allow_cleartext = yes",
    "passdb one {",
    "  driver = lua",
    "  fields {",
    "    a = b",
    "  }",
    "}",
    "service imap {",
    "  vsz_limit = many",
    "}",
]


@pytest.mark.parametrize(
    ("row", "goes"),
    [
        (0, []),
        (1, [1]),
        (3, [2, 3, 4, 5, 6, 7]),
        (5, [2, 3, 4, 5, 6, 7]),
        (8, [8, 9, 10]),
        (9, [9]),
        (10, []),
    ],
)
def test_what_goes_with_a_line(row: int, goes: list[int]) -> None:
    """A block of people or mail goes as a whole, another keeps the rest."""
    assert list(extent(ROWS, row)) == goes


@pytest.fixture
def dovecot(tmp_path: Path) -> Path:
    """A folder of Dovecot's."""
    (tmp_path / "dovecot.conf").write_text("!include served.d/*.conf\n")
    return tmp_path


def lay(folder: Path, texts: Rows) -> None:
    """Write them."""
    folder.mkdir(exist_ok=True)
    for name, rows in texts.items():
        (folder / name).write_text("\n".join(rows))


def judged(config: Path) -> Ran:
    """By doveconf that wants a number, and no log-in in the clear."""
    place = config.parent / "served.d/a.conf"
    for number, row in enumerate(place.read_text().split("\n"), 1):
        if row.strip() == "vsz_limit = many":
            return Ran(89, f"doveconf: Fatal: Error in configuration file {place} line {number}: no number")
        if row.startswith("auth_allow_cleartext"):
            return Ran(
                89, f"doveconf: Fatal: Error in configuration file {config}: auth_allow_cleartext=yes has"
            )
    return Ran(0, "")


def test_refused_lines_are_left_out(dovecot: Path) -> None:
    """Each by its place or its name, until the rest is taken; the folder itself is left alone."""
    texts, left = without_refused(dovecot, "served.d", lay, {"a.conf": ROWS}, judged)
    assert [(each.row, each.reason) for each in left] == [
        (1, "auth_allow_cleartext=yes has"),
        (9, "no number"),
    ]
    assert texts["a.conf"][9] == f"{MARK}vsz_limit = many"
    assert [row for row in texts["a.conf"] if not row.startswith(MARK)] == [
        row for number, row in enumerate(ROWS) if number not in (1, 9)
    ]
    assert [path.name for path in dovecot.iterdir()] == ["dovecot.conf"]


def test_what_is_wrong_elsewhere_changes_nothing(dovecot: Path) -> None:
    """A mistake of others is theirs, and the texts are kept as they are."""
    said = "doveconf: Fatal: Error in configuration file /etc/dovecot/local.conf line 3: Unknown setting"
    assert without_refused(dovecot, "served.d", lay, {"a.conf": ROWS}, lambda _: Ran(89, said)) == (
        {"a.conf": ROWS},
        [],
    )
