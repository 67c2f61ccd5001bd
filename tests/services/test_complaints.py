"""What tools of Postfix say of main.cf is told at its line."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from agent.errors import Problem
from agent.files.staged_tree import StagedTree
from services.postfix.check import complaints

MAIN = """\
myhostname = mail.example.test
smtpd_helo_restrictions = check_helo_access pcre:{ {/x$/ REJECT no} }
relocated_maps = static:a${b
"""
END = "postconf: fatal: macro processing error\n"


def staged() -> StagedTree:
    """A tree whose main.cf is the one above."""
    tree = SimpleNamespace(folder=Path("/staged"), text=lambda _: MAIN, problem=Problem)
    return cast(StagedTree, tree)


@pytest.mark.parametrize(
    ("said", "line", "reason"),
    [
        ('empty macro name: "check_helo_access pcre:{ {/x$/ REJECT no} }"', 2, "empty macro name"),
        ('truncated macro reference: "static:a${b"', 3, "truncated macro reference"),
    ],
)
def test_a_dollar_that_names_nothing_is_told_at_its_line(said: str, line: int, reason: str) -> None:
    """Once, although Postfix reads the value twice; and with the cure."""
    found = complaints(staged(), f"postconf: warning: {said}\n" * 2 + END, 1)
    assert [(each.line, each.message) for each in found] == [
        (line, f"{reason}: write $$ for a $ that is meant as it is")
    ]


@pytest.mark.parametrize("path", ["main.cf", "master.cf"])
def test_a_name_that_still_works_is_no_problem(path: str) -> None:
    """The words are those of Postfix 3.10."""
    said = (
        f"postconf: warning: /staged/etc/postfix/{path}: support for parameter "
        '"smtpd_use_tls" will be removed; instead, specify "smtpd_tls_security_level"\n'
    )
    assert complaints(staged(), said, 0) == []
