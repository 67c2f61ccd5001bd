"""Events of the log on terminals of all widths."""

from __future__ import annotations

import sys
from typing import Any

import click
import pytest

from controlplane.cli.text.entries import entry_lines
from controlplane.cli.text.pages import show_pages
from controlplane.cli.text.terminal import shorten
from tests.cli.answers import ENTRY

LONG: dict[str, Any] = {
    "position": 12345,
    "time": "2026-11-22T14:03:11.000Z",
    "kind": "relay.credentials_set",
    "effect": "change",
    "subject": "a-rather-long-name@mail.department.example.test",
    "detail": "→ user1@example.test, user2@example.test, user3@example.test, user4@example.test",
    "actor": "Ada Admin (key ada@laptop)",
    "source": "config-volume",
    "author": "Grace Author",
    "reason": "Because " + "very " * 60 + "long",
    "release": 97,
    "live": "",
    "outcome": "rolled_back",
    "outcome_time": "2026-11-23T14:03:19.000Z",
    "outcome_reason": "postfix did not answer on 25 within 5 s after reload: " + "x" * 100,
    "clock": "ahead",
}


@pytest.mark.parametrize("most", [80, 100, 120, 200])
@pytest.mark.parametrize("with_subject", [True, False])
def test_lines_fit_the_terminal(most: int, with_subject: bool) -> None:
    """No line is wider, and each says what, who and what became of it."""
    short = {**LONG, "position": 1, "subject": "a@x.test", "outcome": "served", "live": LONG["outcome_time"]}
    lines = entry_lines([LONG, short], with_subject=with_subject, most=most)
    assert max(map(len, lines)) <= most
    text = "\n".join(lines)
    for part in ("12345", "relay.credentials_set", "Grace", "rolled back 2026-11-23 14:03:19", "live 2026"):
        assert part in text
    assert "the clock was ahead" in text


def test_nothing_is_cut_without_a_terminal() -> None:
    """A file or a program gets whole lines."""
    text = "\n".join(entry_lines([LONG], with_subject=True))
    for key in ("subject", "detail", "actor", "author", "reason", "outcome_reason"):
        assert LONG[key][:190] in text


def test_the_day_is_told_where_it_is_another() -> None:
    """`live 14:03:12` is of the day of the change."""
    same = {**LONG, "outcome": "served", "outcome_time": "2026-11-22T14:03:12.000Z"}
    assert entry_lines([same], with_subject=True)[0].endswith("  live 14:03:12")
    assert entry_lines([{**LONG, "outcome": "pending", "outcome_time": ""}], with_subject=True)[0].endswith(
        "  pending"
    )


def test_wide_characters_take_two_columns() -> None:
    """A text is cut by what it takes on the screen."""
    assert shorten("漢字漢字", 5) == "漢字…"
    assert shorten("abcdef", 6) == "abcdef"


@pytest.mark.parametrize(
    ("lines", "terminal", "pager", "paged"),
    [(100, True, True, True), (100, True, False, False), (3, True, True, False), (100, False, True, False)],
)
def test_long_text_comes_in_pages(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    lines: int,
    terminal: bool,
    pager: bool,
    paged: bool,
) -> None:
    """On a terminal with fewer lines, unless somebody asked for none."""
    seen: list[str] = []
    monkeypatch.setattr(click, "echo_via_pager", seen.append)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    show_pages([f"line {n}" for n in range(lines)], pager=pager)
    assert bool(seen) is paged
    assert bool(capsys.readouterr().out) is not paged


def test_an_event_is_one_line_with_the_reason_below() -> None:
    """The reason is the first line of the one that the change set was given."""
    assert entry_lines([ENTRY], with_subject=False) == [
        "128  2026-11-22 14:03:11  alias.added  → user1@example.test  Ada Admin, pushed by ada@laptop, push"
        "  live 14:03:12",
        '     "Add the info alias (ticket 4711)"',
    ]
