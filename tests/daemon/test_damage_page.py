"""docs/damage.md is followed, row by row: the damage is done, the words are looked for, changes go on."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from controlplane.cli.text.status import status_lines
from controlplane.errors import Refused
from tests.daemon.site import HASH, Site

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/damage.md").read_text()
HELP = PAGE.split("```sh\n")[1].split("```")[0]
PARTS = PAGE.split("\n## ")
CODE = re.compile(r"`([^`]+)`")


def _rows(title: str) -> list[list[str]]:
    part = next(part for part in PARTS if part.startswith(title))
    lines = [line for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines[2:]]


ROWS = {CODE.findall(row[0])[0]: row for row in _rows("The state repository")}


def _grown(site: Site) -> None:
    for name in ("a", "b", "c"):
        site.add(f"{name}@x.test")
        site.settle()
    site.ask("edit", command="master.add", source="setup", name="boss", password_hash=HASH)
    site.settle()


def _inflict(site: Site, command: str) -> None:
    if "pack/" in command:
        done = site.git("--git-dir", str(site.repository), "repack", "-adq")
        assert done.returncode == 0, done.stderr
    subprocess.run(
        ["sh", "-ec", f"{HELP}\n{command}"], cwd=site.places.root, check=True, capture_output=True, timeout=60
    )


@pytest.mark.parametrize("command", ROWS)
def test_a_row_is_true(site: Site, command: str) -> None:
    """The words stand in `status` and nothing else does; what is damaged alone stops changes."""
    _, shows, _, by_hand = ROWS[command]
    _grown(site)
    accounts = list(site.daemon.intake.state.desired.accounts)
    site.stop()
    _inflict(site, command)
    site.start()
    status = site.ask("status")
    lines = [line for line in status_lines(status) if line.startswith(("✗ damaged", "⚠ repaired"))]
    words = CODE.findall(shows)
    assert bool(lines) == bool(words), lines
    assert all(any(word in line for line in lines) for word in words), lines
    assert list(site.daemon.intake.state.desired.accounts) == accounts
    assert site.ask("log")["entries"]
    if any(each["part"] == "events" for each in status["damage"]):
        assert "bring the objects back" in by_hand or by_hand == "the same"
        with pytest.raises(Refused):
            site.add("d@x.test")
        assert not site.ask("verify")["ok"]
        return
    assert bool(status["damage"]) == shows.startswith("`damaged:")
    site.add("d@x.test")
    site.must_agree()


@pytest.mark.parametrize("row", _rows("The node"), ids=lambda row: row[0])
def test_the_words_of_the_node_are_the_agents(row: list[str]) -> None:
    """tests/agent does the damage itself; here the page says what the agent says."""
    source = "".join(path.read_text() for path in sorted((ROOT / "image/agent").rglob("*.py")))
    assert all(word in source for word in CODE.findall(row[1]))


@pytest.mark.parametrize("row", _rows("What nobody can write"), ids=lambda row: row[0])
def test_the_words_of_status_are_there(row: list[str]) -> None:
    """As the status shows them."""
    status = {
        "unwritable": "why",
        "room": [
            {"volume": "state", "path": "/x", "condition": "full", "free": 0, "size": 1 << 20, "inodes": 1}
        ],
    }
    assert all(word in "\n".join(status_lines(status)) for word in CODE.findall(row[1]))
