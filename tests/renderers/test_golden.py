"""Rendered trees, byte for byte, and what holds for every one of them.

The trees of the cases in `WHOLE` are stored file by file, of the others what differs from `default`:
changed and added files, and in `removed.txt` the paths of files that only `default` has, one per line.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from renderers.service import CertificateFile
from tests.renderers.states import CASES, render_node

GOLDEN = Path(__file__).parent.parent / "golden"
WHOLE = ("default", "full")
REMOVED = "removed.txt"


def tree(case: str) -> Mapping[str, bytes]:
    """The files of a case as they go to git."""
    node = render_node(CASES[case])
    files = {path: file.content for path, file in node.files.items() if not isinstance(file, CertificateFile)}
    return {**files, "manifest.json": node.manifest}


def on_disk(case: str) -> Mapping[str, bytes]:
    """The files below the folder of a case."""
    root = GOLDEN / case
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def to_store(case: str) -> Mapping[str, bytes]:
    """The tree of a case in the form in which it is stored."""
    whole = tree(case)
    if case in WHOLE:
        return whole
    default = tree("default")
    stored = {path: content for path, content in whole.items() if default.get(path) != content}
    removed = "".join(f"{path}\n" for path in sorted(default.keys() - whole.keys()))
    return {**stored, REMOVED: removed.encode()} if removed else stored


def update(case: str) -> None:
    """Write the tree of a case anew; `git diff tests/golden` shows what a change of ours means."""
    shutil.rmtree(GOLDEN / case, ignore_errors=True)
    for path, content in to_store(case).items():
        target = GOLDEN / case / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


@pytest.mark.parametrize("case", CASES)
def test_golden(case: str, request: pytest.FixtureRequest) -> None:
    """The rendered tree is the reviewed one (`pytest --update-golden` takes over a change)."""
    if request.config.getoption("--update-golden"):
        update(case)
    assert dict(to_store(case)) == dict(on_disk(case))


@pytest.mark.parametrize("case", CASES)
def test_same_state_same_bytes(case: str) -> None:
    """Rendering twice gives the same files and the same manifest."""
    assert tree(case) == tree(case)


@pytest.mark.parametrize("case", CASES)
def test_every_file_has_a_rule(case: str) -> None:
    """The manifest lists exactly the files, each with its service, action, mode and owner."""
    node = render_node(CASES[case])
    manifest = json.loads(node.manifest)
    assert set(manifest["files"]) == set(node.files)
    for path, entry in manifest["files"].items():
        assert entry["service"] == node.owner_of(path)
        assert entry["action"] in ("none", "reload", "restart")
        assert int(entry["mode"], 8) & 0o022 == 0
        assert entry["owner"].count(":") == 1
    assert manifest["order"] == [name for name in manifest["order"] if manifest["services"][name]["programs"]]


@pytest.mark.parametrize("case", CASES)
def test_origins_lead_to_lines_that_are_the_same(case: str) -> None:
    """A rendered line with an origin is the line of `main` that it names."""
    overrides = CASES[case].desired.overrides
    for path, entry in json.loads(render_node(CASES[case]).manifest)["files"].items():
        for line, source, at in entry.get("origins", ()):
            if (
                source
                and at
                and source.rpartition("/")[2] not in ("custom-commands.conf", "postfix-master.cf")
            ):
                theirs = overrides[source.removeprefix("config/")].content.splitlines()
                assert tree(case)[path].splitlines()[line - 1] == theirs[at - 1]
