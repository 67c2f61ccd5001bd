"""Aliases of all three kinds that lead to nobody."""

from __future__ import annotations

import pytest

from controlplane.intake.checks.references import check
from controlplane.statefiles.tree import TreeFile, read_tree

ACCOUNTS = "a@example.test|{SHA}x\nb@example.test|{SHA}x\n"
NOBODY = "which is neither an account nor an alias"


def _told(before: dict[str, str] | None = None, **files: str) -> list[str]:
    """What is noticed of these files, from an earlier state."""

    def read(texts: dict[str, str]) -> tuple[dict[str, TreeFile], object]:
        tree = {f"config/postfix-{name}.cf": TreeFile(text.encode()) for name, text in texts.items()}
        return tree, read_tree(tree)[0]

    tree, after = read({"accounts": ACCOUNTS, **files})
    known = read({"accounts": ACCOUNTS, **before})[1] if before is not None else None
    found = check(after, tree, known)  # type: ignore[arg-type]
    return [f"{w.path}:{w.line}: {w.message}" for w in found.warnings if NOBODY in w.message]


@pytest.mark.parametrize(
    ("files", "place", "said"),
    [
        (
            {"virtual": "x@example.test no@example.test\n"},
            "virtual.cf:1",
            "alias x@example.test leads to no@",
        ),
        ({"virtual": "@only.test no@only.test\n"}, "virtual.cf:1", "alias @only.test leads to no@only.test"),
        ({"virtual": "@example.test no@example.test\n"}, "virtual.cf:1", "@example.test leads to no@example"),
        (
            {"virtual": "x@only.test a@example.test\ny@only.test no@only.test\n"},
            "virtual.cf:2",
            "alias y@only.test leads to no@only.test",
        ),
        ({"regexp": "# x\n/^re[0-9]@example\\.test$/ no@example.test\n"}, "regexp.cf:2", "leads to no@"),
        (
            {"aliases": "x: a@example.test\ny: b@example.test, no@example.test\n"},
            "aliases.cf:2",
            "y leads to no@",
        ),
    ],
)
def test_who_leads_to_nobody_is_told(files: dict[str, str], place: str, said: str) -> None:
    """At the line, whatever kind of alias it is: its mail would go back to the sender."""
    (told,) = _told(**files)
    assert told.startswith(f"config/postfix-{place}: ")
    assert said in told


@pytest.mark.parametrize(
    "files",
    [
        {"virtual": "@only.test a@example.test\n"},
        {"virtual": "@only.test @example.test\n"},
        {"virtual": "x@only.test y@only.test\n@only.test a@example.test\n"},
        {"virtual": "x@only.test x@only.test,a@example.test\n"},
        {"virtual": "x@only.test any@elsewhere.test\n"},
        {"virtual": "x@only.test +tag@elsewhere.test\n"},
        {"regexp": "/^(.*)@only\\.test$/ $1@example.test\n"},
        {"regexp": "/^x@example\\.test$/ y@example.test\n/^y@example\\.test$/ a@example.test\n"},
        {"regexp": "/^x@example\\.test$/ a+tag@example.test, a@elsewhere.test\n"},
        {"aliases": 'x: "|/bin/program no@example.test", /var/mail/no@example.test, :include:/x\n'},
        {"aliases": "x: root\n"},
    ],
)
def test_who_leads_somewhere_is_left_alone(files: dict[str, str]) -> None:
    """Somewhere may be another domain, an expression, a program, or what is filled in."""
    assert _told(**files) == []


def test_only_what_changed_is_told() -> None:
    """A file that leads nowhere already is not told again, but where its account goes now."""
    lost = {"regexp": "/^x@example\\.test$/ no@example.test\n", "aliases": "y: no@example.test\n"}
    assert _told(lost, **lost) == []
    there = {"regexp": "/^x@example\\.test$/ b@example.test\n", "aliases": "y: b@example.test\n"}
    gone = _told(there, **there, accounts="a@example.test|{SHA}x\n")
    assert [line.partition(" leads")[0].rpartition(":")[0] for line in gone] == [
        "config/postfix-regexp.cf:1",
        "config/postfix-aliases.cf:1",
    ]
