"""What the server executes is looked at as a program before it is live."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from agent.apply.user_patches.script import SCRIPT
from agent.errors import Problem
from agent.files.staged_tree import StagedTree
from agent.release.manifest import EMPTY, Release
from services.dovecot import DOVECOT
from services.patches import check_patches
from services.programs import check_programs
from wire.manifest import Action, Entry

PIPE = "usr/lib/dovecot/sieve-pipe/learn"
BASH, SH = "#!/bin/bash\n", "#!/bin/sh\n"


def entry(path: str, service: str, mode: int = 0o755) -> Entry:
    """A file of a release."""
    return Entry(path, (service,), Action.NONE, mode, "root:root", identity="x")


def found(root: Path, files: dict[str, bytes], *, mode: int = 0o755) -> list[Problem]:
    """What is told of a release with these files, on a node that has sh, bash and env."""
    for program in ("sh", "bash", "env", "python3", "perl"):
        place = root / "bin" / program
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    (root / "usr/bin").mkdir(parents=True, exist_ok=True)
    (root / "usr/bin/env").touch()
    services = {path: "patches" if path == SCRIPT else "dovecot" for path in files}
    entries = {path: entry(path, name, mode) for path, name in services.items()}
    target = Release("", 0, files=entries)
    with StagedTree(root, root / "run", lambda each: files[each.path], EMPTY, target) as staged:
        for each in entries.values():
            staged.write(each)
        problems = check_programs(staged, "dovecot")
        if SCRIPT in files:
            staged.path(SCRIPT).write_bytes(files[SCRIPT])
            problems += check_patches(staged)
        return problems


@pytest.mark.parametrize(
    "text",
    [
        BASH + "echo $((1+2))\n",
        SH + "true\n",
        "#!/usr/bin/env bash\n[[ x ]] && true\n",
        "#!/usr/bin/env -S bash -e\ntrue\n",
        "#!/usr/bin/env python3\nprint('x')\n",
        "true\n",
        "#! /bin/sh -e\ntrue\n",
        "#!/bin/perl -w\nnot looked at\n",
        "",
    ],
)
def test_usual_programs_pass(tmp_path: Path, text: str) -> None:
    """Whatever way their first line names what runs them."""
    assert found(tmp_path, {PIPE: text.encode()}) == []


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (BASH + "if true; then\necho\n", 4, "syntax error"),
        (BASH + "\necho )\n", 3, "syntax error near unexpected token"),
        (SH + "case x in\n", 3, "end of file"),
        ("echo x\nfi\n", 2, "fi"),
        ("#!/usr/bin/env python3\nx = (\n", 2, "'(' was never closed"),
        ("#!/usr/bin/env python3\nif x:\npass\n", 3, "expected an indented block"),
        ("#!/usr/bin/env python3\nprint 'x'\n", 2, "Missing parentheses"),
        ("#!/usr/bin/python2\nprint 'x'\n", 1, "there is no /usr/bin/python2 in the container"),
        ("#!/usr/bin/env no-such-program\n", 1, "there is no no-such-program in the container"),
        ("#!/usr/local/bin/node\n", 1, "there is no /usr/local/bin/node"),
        ("#!/usr/bin\ntrue\n", 1, "names /usr/bin, which is a folder"),
        ("#!bash\n", 1, "names bash, which is no absolute path"),
    ],
)
def test_what_cannot_run_is_told_with_its_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    """The words are those of what would run it."""
    (problem,) = found(tmp_path, {PIPE: text.encode()})
    assert (problem.service, problem.path, problem.line) == ("dovecot", PIPE, line)
    assert said in problem.message
    assert str(tmp_path) not in problem.message


@pytest.mark.parametrize(
    "name", ["README", "README.md", "words.json", "list.txt", "helper.py", "x.lua", "LICENSE"]
)
def test_notes_and_data_beside_programs_are_no_scripts(tmp_path: Path, name: str) -> None:
    """All of a folder is made executable, and what nobody runs may say anything."""
    beside = PIPE.replace("learn", name)
    assert found(tmp_path, {beside: b"Programs (see `wiki`), it's all\n"}) == []
    (problem,) = found(tmp_path, {beside: b"#!/bin/sh\nif true; then\n"})
    assert "end of file" in problem.message


@pytest.mark.parametrize("name", ["learn.sh", "learn.bash", "learn", "Learn"])
def test_a_script_without_a_first_line_is_looked_at(tmp_path: Path, name: str) -> None:
    """sh runs it."""
    (problem,) = found(tmp_path, {PIPE.replace("learn", name): b"if true; then\n"})
    assert "end of file" in problem.message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\0\1\2", "cannot execute binary file"),
        (b"#!/usr/bin/python3\nprint(1)\n", "write it for bash, and call python3 from it"),
    ],
)
def test_what_bash_cannot_run_is_told_without_places_of_ours(
    tmp_path: Path, content: bytes, said: str
) -> None:
    """The folder in which it is looked at says nothing to anybody."""
    (problem,) = found(tmp_path, {SCRIPT: content})
    assert said in problem.message
    assert str(tmp_path) not in problem.message


def test_what_user_patches_installs_may_be_missing(tmp_path: Path) -> None:
    """The script runs after the check, and may bring the interpreter."""
    files = {PIPE: b"#!/usr/bin/env ruby3\n", SCRIPT: b"#!/bin/bash\napt-get install -y ruby3\n"}
    assert found(tmp_path, files) == []


def test_a_runner_of_the_release_may_run_others(tmp_path: Path) -> None:
    """An interpreter that comes with the same release is there in time."""
    runner = "usr/lib/dovecot/sieve-pipe/runner"
    assert found(tmp_path, {PIPE: f"#!/{runner}\n".encode(), runner: SH.encode()}) == []


def test_binaries_are_for_this_machine(tmp_path: Path) -> None:
    """One for another processor, or that needs a loader that is not there, is told; ours passes."""
    shutil.copy(sys.executable, tmp_path / "python")
    ours = (tmp_path / "python").read_bytes()[:4096]
    assert found(tmp_path, {PIPE: ours[:64]}) == []
    other = ours[:18] + bytes([ours[18] ^ 0xFF]) + ours[19:64]
    assert "another processor" in found(tmp_path, {PIPE: other})[0].message
    musl = ours[:64] + b"\0/lib/ld-musl-x86_64.so.1\0"
    assert "/lib/ld-musl-x86_64.so.1" in found(tmp_path, {PIPE: musl})[0].message


def test_files_that_nothing_executes_are_not_looked_at(tmp_path: Path) -> None:
    """What a program keeps beside itself may hold anything."""
    assert found(tmp_path, {PIPE + ".d/data": b"#!/no/program\nif\n"}, mode=0o644) == []


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("#!/bin/bash\nif true; then\n", 3, "syntax error"),
        ("#!/usr/bin/env python3\nprint('x')\n", 1, "it is run by bash, whatever its first line says"),
        ("#!/bin/sh\necho )\n", 2, "syntax error"),
    ],
)
def test_user_patches_are_run_by_bash(tmp_path: Path, text: str, line: int, said: str) -> None:
    """Its first line counts for nothing, so a script in another language is told at once."""
    (problem,) = found(tmp_path, {SCRIPT: text.encode()})
    assert (problem.service, problem.path, problem.line) == ("patches", SCRIPT, line)
    assert said in problem.message


def test_dovecot_looks_at_its_programs() -> None:
    """The folders that mail starts programs from are Dovecot's."""
    assert {"usr/lib/dovecot/sieve-pipe/", "usr/lib/dovecot/sieve-filter/"} <= set(DOVECOT.areas)
