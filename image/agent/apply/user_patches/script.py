"""Running user-patches.sh: as root, by bash, with the container's environment, for a bounded time."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.commands import ENVIRONMENT

SCRIPT = "etc/dms/user-patches/script"
VARIABLES = "etc/dms/user-patches/environment"
"""`NAME=value` lines: the settings that the script names and the container's environment may not have."""
DEADLINE = 60.0
"""Seconds that it may take; nothing else is applied meanwhile."""
SHOWN_LINES, SHOWN_CHARACTERS = 3, 300
LOGGED = 64 * 1024
_LINE = re.compile(r"user-patches\S*: line (\d+):|/script: line (\d+):")
_SECRET = re.compile(r"PASS|SECRET|TOKEN|KEY|CREDENTIAL|_PW|AUTH", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Result:
    """How a run ended: "" for success, else why; and the line of the script that bash named, 0 for none."""

    failure: str = ""
    line: int = 0


def run_script(
    script: Path, variables: Mapping[str, str], redact: Callable[[str], str], deadline: float = DEADLINE
) -> Result:
    """Run it and show what it says in the container's log, by `redact` without secrets; never raises.

    Its output goes to files, not pipes: a program that it leaves running in the background would hold a pipe
    open for ever.
    """
    environment = {**os.environ, **ENVIRONMENT, **variables, "HOME": "/root"}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        code = _run(script, environment, deadline, out.fileno(), err.fileno())
        said, complained = (redact(_text(each.fileno(), environment)) for each in (out, err))
    for row in (*said.splitlines(), *complained.splitlines()):
        print(f"user-patches.sh: {row}", file=sys.stderr, flush=True)
    if code == 0:
        return Result()
    how = f"was killed after {deadline:.0f} s" if code == KILLED else f"ended with status {code}"
    first = " / ".join(row.strip() for row in complained.splitlines()[:SHOWN_LINES])[:SHOWN_CHARACTERS]
    named = _LINE.search(complained)
    line = int(named[1] or named[2]) if named else 0
    return Result(f"user-patches.sh {how}" + (f": {first}" if first else ""), line)


KILLED = -1


def _run(script: Path, environment: Mapping[str, str], deadline: float, out: int, err: int) -> int:
    try:
        process = subprocess.Popen(
            ["/bin/bash", str(script)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env=environment,
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        os.write(err, f"{error}\n".encode())
        return 127
    try:
        return process.wait(deadline) & 0xFF
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return KILLED


def _text(handle: int, environment: Mapping[str, str]) -> str:
    """What was written, with the values of secret variables masked."""
    text = os.pread(handle, LOGGED, 0).decode("utf-8", "replace")
    for name, value in environment.items():
        if len(value) > 3 and _SECRET.search(name):
            text = text.replace(value, "(secret)")
    return text


def read_variables(content: bytes) -> dict[str, str]:
    """The `NAME=value` lines of a rendered environment."""
    rows = (row.partition("=") for row in content.decode().splitlines())
    return {name: value for name, equals, value in rows if equals}
