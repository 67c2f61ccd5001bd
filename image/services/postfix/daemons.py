"""Folders of main.cf, and programs of master.cf (master(5), pipe(8), spawn(8))."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from agent.errors import Problem
from agent.files.access import account
from agent.files.staged_tree import StagedTree
from services.postfix.answers import DIRECTORIES, PROGRAM, Answers
from services.postfix.lines import line_of_parameter, service_lines

MAIN, MASTER = "etc/postfix/main.cf", "etc/postfix/master.cf"
RUN_COMMANDS = frozenset(["pipe", "spawn"])


def wrong_daemons(staged: StagedTree, said: Answers) -> list[Problem]:
    """Folders of main.cf and programs of master.cf that do not exist."""
    missing = [name for name in DIRECTORIES if not _is_folder(staged.root, said.values.get(name, "no"))]
    if missing:
        text = staged.text(MAIN)
        return [
            Problem("postfix", MAIN, line_of_parameter(text, n), f"{n}: {_no_folder(said.values[n])}")
            for n in missing
        ]
    daemons = staged.root / said.values["daemon_directory"].lstrip("/")
    lines = service_lines(staged.text(MASTER))
    return [
        Problem("postfix", MASTER, lines.get(service, 0), text)
        for service, row in said.services.items()
        for text in _wrong_program(row, daemons, staged)
    ]


def _no_folder(place: str) -> str:
    return f"the folder {place} does not exist"


def _is_folder(root: Path, place: str) -> bool:
    return place == "no" or (root / place.lstrip("/")).is_dir()  # shlib_directory = no (postconf(5))


def _wrong_program(row: Sequence[str], daemons: Path, staged: StagedTree) -> Iterator[str]:
    if not (daemons / row[PROGRAM]).exists():
        yield f"{row[PROGRAM]} is not a daemon of Postfix"
    if row[PROGRAM] not in RUN_COMMANDS:
        return
    command = next((word for word in row if word.startswith("argv=")), "argv=").removeprefix("argv=")
    user = next((word for word in row if word.startswith("user=")), "user=").removeprefix("user=")
    if user and account(re.split("[:.]", user)[0]) is None:
        yield f"{row[0]}: there is no user {user}"
    if command.startswith("/") and not _may_run(staged, command):
        yield f"{row[0]}: {command} is not a program that can be run"


def _may_run(staged: StagedTree, command: str) -> bool:
    found = staged.unmanaged(command)
    return staged.exists(command) if found is None else found.is_file() and os.access(found, os.X_OK)
