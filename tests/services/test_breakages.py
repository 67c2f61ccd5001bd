"""What the checkers of the daemons pass, and ours does not: with the real programs, in one container."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from controlplane.intake.blame.source_map import problem_of
from controlplane.model import State
from renderers.release import NodeTree
from renderers.service import RenderedFile
from tests.renderers.states import render_node, state
from tests.services.breakages import DOVECOT, MAIN, MASTER, POSTFIX, PREPARE, Breakage
from tests.services.dovecot_breakages import CASES as DOVECOT_CASES
from tests.services.working_overrides import GOOD

pytestmark = pytest.mark.checkers

IMAGE = os.environ.get("IMAGE", "git-mailserver:dev")
PROGRAM = Path(__file__).with_name("staged_checks.py")
ACCOUNTS = ("user1@example.test",)


def state_of(overrides: Mapping[str, str]) -> State:
    """A server with an account and these overrides."""
    return state(accounts=ACCOUNTS, overrides={name: text.encode() for name, text in overrides.items()})


def packed(tree: NodeTree) -> dict[str, Any]:
    """A tree as JSON carries it."""
    files = {p: f.content for p, f in tree.files.items() if isinstance(f, RenderedFile)}
    return {
        "manifest": tree.manifest.decode(),
        "files": {path: base64.b64encode(content).decode() for path, content in files.items()},
    }


def overrides_of(case: Breakage) -> dict[str, str]:
    """The overrides of a case by name."""
    return {name: text for name, text in ((case.file, case.text), case.also) if name}


BREAKAGES = (*POSTFIX, *DOVECOT_CASES)
CASES = {f"bad: {case.what} ({case.file})": overrides_of(case) for case in BREAKAGES}
CASES |= {f"good: {what}": overrides for what, overrides in GOOD.items()}
EXAMPLES = {
    folder.parent.name: {
        name: (folder / name).read_text() for name in (MAIN, MASTER, DOVECOT) if (folder / name).exists()
    }
    for folder in sorted(Path(__file__).parents[1].glob("examples/*/config"))
}
CASES |= {f"example: {what}": overrides for what, overrides in EXAMPLES.items() if overrides}


@pytest.fixture(scope="module")
def judged() -> dict[str, Any]:
    """What the checks say of every case, each beside a release without overrides that serves."""
    cases = {
        name: {
            "tree": packed(render_node(state_of(overrides))),
            "services": ["dovecot", "postfix"],
            "first": False,
            "before": "",
            "after": "",
        }
        for name, overrides in CASES.items()
    }
    given = {"base": packed(render_node(state_of({}))), "prepare": PREPARE, "cases": cases}
    lines = ["docker", "run", "--rm", "-i", "--network=none", "--entrypoint=", IMAGE, "python3", "-I", "-c"]
    done = subprocess.run(
        [*lines, PROGRAM.read_text()],
        input=json.dumps(given).encode(),
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("case", BREAKAGES, ids=lambda case: f"{case.what} ({case.file})")
def test_it_is_refused_at_its_line(judged: dict[str, Any], case: Breakage) -> None:
    """One problem, at the line of the override that set it, in words that name what is missing."""
    rows = judged[f"bad: {case.what} ({case.file})"]["problems"]
    of = state_of(overrides_of(case))
    found = [problem_of(render_node(of), of, row) for row in rows]
    assert [(f"config/{case.file}", case.line)] == [(p.path, p.line) for p in found], found
    assert case.said in found[0].message


@pytest.mark.parametrize("what", GOOD)
def test_what_works_is_taken(judged: dict[str, Any], what: str) -> None:
    """A configuration that works, or whose servers are elsewhere, is not refused."""
    assert judged[f"good: {what}"]["problems"] == []


@pytest.mark.parametrize("what", [what for what, overrides in EXAMPLES.items() if overrides])
def test_every_example_is_taken(judged: dict[str, Any], what: str) -> None:
    """The documentation's own overrides are not refused."""
    assert judged[f"example: {what}"]["problems"] == []


def test_it_takes_little_time(judged: dict[str, Any]) -> None:
    """A check of a release takes a fraction of a second of a processor."""
    seconds = sorted(each["seconds"] for each in judged.values())
    assert seconds[len(seconds) // 2] < 0.2, seconds
