"""What the server is to execute, looked at as a program: whether something can run it, and its syntax.

Nothing of it is run: `-n` of the shells reads a script only, and Python's is parsed.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from agent.apply.user_patches.script import SCRIPT
from agent.commands import ENVIRONMENT, run
from agent.errors import Problem
from agent.files.staged_tree import StagedTree
from wire.programs import lies_beside

DEADLINE = 5.0
_LONGEST_LINE = 255
"""Bytes of a first line that the kernel reads (execve(2))."""
_ELF = b"\x7fELF"
_LOADER = re.compile(rb"\0(/[\w./-]*/ld[\w.-]*\.so[\w.]*)\0")
_PARSE = "import ast, sys; ast.parse(open(sys.argv[1], 'rb').read(), sys.argv[1])"
_AT = re.compile(r": (?:line )?(\d+): (.*)|, line (\d+)$")
_MESSAGE = re.compile(r"^\w*Error: (.*)")


class Fault(NamedTuple):
    """Something wrong in a program; lines count from 1."""

    line: int
    message: str


def check_programs(staged: StagedTree, service: str) -> list[Problem]:
    """What is wrong in the executable files of a service that a release brings."""
    found = [
        (entry, fault)
        for entry in staged.target.files.values()
        if service in entry.services and entry.mode & 0o111 and not entry.slot and staged.changed(entry)
        for fault in _faults(staged, entry.path, staged.write(entry))
    ]
    return [Problem(service, entry.path, fault.line, fault.message) for entry, fault in found]


def check_script(staged: StagedTree, service: str, path: str) -> list[Problem]:
    """The same for a script that bash runs, whatever its first line says."""
    script = staged.path(path)
    if not script.is_file():
        return []
    name = _interpreter(script.read_bytes())[1]
    if name and not _is_shell(name):
        message = (
            f"it is run by bash, whatever its first line says, and is meant for {name}: write it for bash, "
            f"and call {name} from it"
        )
        return [Problem(service, path, 1, message)]
    return [Problem(service, path, fault.line, fault.message) for fault in _syntax(script, "bash")]


def _faults(staged: StagedTree, path: str, place: Path) -> Iterator[Fault]:
    content = place.read_bytes()
    if content.startswith(_ELF):
        yield from _foreign(staged, content)
        return
    program, name = _interpreter(content)
    if program and (missing := _missing(staged, program, name)):
        yield Fault(1, missing)
        return
    if not lies_beside(path, content):
        yield from _syntax(place, name or "sh")


def _interpreter(content: bytes) -> tuple[str, str]:
    """(program of the first line, name of what runs the script in the end), each empty for none."""
    first = content[:_LONGEST_LINE].split(b"\n", 1)[0]
    if not first.startswith(b"#!"):
        return "", ""
    program, *words = first[2:].decode(errors="replace").split() or [""]
    name = program.rpartition("/")[2]
    if name == "env":  # env(1): options and variables come before the program
        name = next((word for word in words if not word.startswith("-") and "=" not in word), "")
    return program, name.rpartition("/")[2]


def _missing(staged: StagedTree, program: str, name: str) -> str:
    """Why nothing runs a script with this first line, empty where something does.

    What user-patches.sh names may be installed by it, after this check.
    """
    if not program.startswith("/"):
        return f"its first line names {program}, which is no absolute path"
    if (place := staged.unmanaged(program)) is not None and place.is_dir():
        return f"its first line names {program}, which is a folder"
    if staged.exists(program):
        is_env = program.endswith("/env")
        if not is_env or not name or shutil.which(name, path=ENVIRONMENT["PATH"]) is not None:
            return ""
        program = name
    if name and name in staged.text(SCRIPT):
        return ""
    return (
        f"there is no {program} in the container to run it: write it for a program that is there "
        "(sh, bash, perl, python3), or install that in user-patches.sh"
    )


def _syntax(place: Path, name: str) -> Iterator[Fault]:
    if _is_shell(name):
        words = [name if name in ("bash", "sh", "dash") else "bash", "-n", str(place)]
    elif name.startswith("python3"):
        words = [sys.executable, "-I", "-c", _PARSE, str(place)]
    else:
        return
    ran = run(words, DEADLINE)
    if ran.code and not ran.timed_out:
        told = _told([line.strip() for line in ran.output.splitlines() if line.strip()], name)
        yield told._replace(message=told.message.replace(f"{place}: ", ""))  # where it lies meanwhile


def _told(lines: list[str], name: str) -> Fault:
    """The first place that an interpreter names, with its words; Python's come last."""
    found = next((match for line in lines if (match := _AT.search(line))), None)
    last = _MESSAGE.match(lines[-1]) if lines else None
    if found is None:
        return Fault(0, last[1] if last else next(iter(lines), f"not understood by {name}"))
    return Fault(int(found[1] or found[3]), found[2] or (last[1] if last else lines[-1]))


def _is_shell(name: str) -> bool:
    return name in ("sh", "bash", "dash")


def _foreign(staged: StagedTree, content: bytes) -> Iterator[Fault]:
    """A binary for another processor or another system (elf(5): class, data, machine)."""
    with Path(sys.executable).open("rb") as file:
        ours = file.read(20)
    if (content[4:6], content[18:20]) != (ours[4:6], ours[18:20]):
        yield Fault(0, f"it is built for another processor than this one ({os.uname().machine})")
    elif (loader := _LOADER.search(content[:4096])) and not staged.exists(loader[1].decode()):
        yield Fault(0, f"it needs {loader[1].decode()}, which this system does not have: link it statically")
