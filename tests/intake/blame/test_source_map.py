"""From a rendered line back to the line of `main`."""

from __future__ import annotations

import pytest

from controlplane.intake.blame.source_map import locate, problem_of
from controlplane.model import Desired, Override, State
from controlplane.statefiles.tree import TreeFile
from renderers.release import NodeTree
from renderers.service import Origin, RenderedFile
from wire.manifest import Action

FILE = RenderedFile(
    "etc/postfix/main.cf",
    b"one\ntwo\nthree\nfour\nfive\n",
    Action.RELOAD,
    origins=(Origin(3, "config/postfix-main.cf", 7), Origin(5, "")),
)
TREE = NodeTree({FILE.path: FILE}, {FILE.path: "postfix"}, b"{}")


@pytest.mark.parametrize(
    ("line", "expected"),
    [(1, ("", 0)), (3, ("config/postfix-main.cf", 7)), (4, ("config/postfix-main.cf", 8)), (5, ("", 0))],
)
def test_a_line_leads_to_its_origin(line: int, expected: tuple[str, int]) -> None:
    """An origin holds until the next one, an empty one ends it."""
    assert locate(TREE, FILE.path, line) == expected


def test_without_a_line_the_only_origin_is_meant() -> None:
    """A checker that names only the file still leads to the file that somebody wrote."""
    assert locate(TREE, FILE.path, 0) == ("config/postfix-main.cf", 0)


def test_a_complaint_becomes_a_problem_with_its_excerpt() -> None:
    """The person sees their own line, and the rendered place in brackets."""
    override = Override("postfix-main.cf", b"\n" * 6 + b"inet_interfaces = nowhere\n")
    state = State(Desired(overrides={override.path: override}))
    complaint = {"service": "postfix", "path": FILE.path, "line": 3, "message": "fatal: no"}
    problem = problem_of(TREE, state, complaint)
    assert (problem.path, problem.line) == ("config/postfix-main.cf", 7)
    assert problem.excerpt == "inet_interfaces = nowhere"
    assert "/etc/postfix/main.cf:3" in problem.message


def test_an_entry_is_found_by_its_text() -> None:
    """Where comments were left out, the person's own line is the one that the entry starts on."""
    rendered = RenderedFile(
        "etc/postfix/regexp", b"/a@/ x@a.test,y@a.test\n/b@/ x@a.test\n", Action.RELOAD,
        origins=(Origin(1, "config/postfix-regexp.cf", 0),),
    )  # fmt: skip
    tree = NodeTree({rendered.path: rendered}, {rendered.path: "postfix"}, b"{}")
    source = TreeFile(b"# ours\n/a@/  x@a.test,\n  y@a.test\n\n/b@/ x@a.test\n", 0o100644)
    files = {"config/postfix-regexp.cf": source}
    found = [
        problem_of(tree, State(), {"path": rendered.path, "line": line, "message": "no"}, files)
        for line in (1, 2)
    ]
    assert [(problem.path, problem.line) for problem in found] == [
        ("config/postfix-regexp.cf", 2),
        ("config/postfix-regexp.cf", 5),
    ]
    assert found[1].excerpt == "/b@/ x@a.test"
