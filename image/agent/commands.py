"""Running the daemons' tools: fixed argument lists, a scrubbed environment, a deadline on every one."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from agent.concurrently import run_concurrently
from agent.log import TRACE, log

# Nothing is inherited: settings and passwords stand in the container's environment, MAIL_CONFIG would send
# Postfix's tools to another folder, and LD_PRELOAD or PYTHON* could change what a tool is.
ENVIRONMENT: Mapping[str, str] = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "HOME": "/root",
}


LAST_WORDS = 1.0


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command did. `code` is 124 after its deadline (as in timeout(1)), 127 when it is missing."""

    code: int
    output: str

    @property
    def timed_out(self) -> bool:
        """Whether the deadline passed before the command ended."""
        return self.code == 124


def run(arguments: Sequence[str], deadline: float, cwd: str | None = None, given: bytes = b"") -> Ran:
    """Run a command for at most `deadline` seconds; stdout and stderr come back as one text.

    It reads `given` from its standard input.

    The command gets its own process group, and the whole group is killed at the deadline: `postfix reload`
    is a shell script whose children would otherwise keep the pipe open.
    """
    try:
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE if given else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(ENVIRONMENT),
            cwd=cwd,
            start_new_session=True,
        )
    except OSError as error:
        return Ran(127, f"{arguments[0]}: {error.strerror}")
    with process:
        try:
            output, _ = process.communicate(given or None, timeout=deadline)
            code = process.returncode
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            output = _last_words(process)
            code = 124
    log.log(TRACE, "ran", command=" ".join(arguments), code=code)
    return Ran(code, output.decode("utf-8", "replace"))


def run_all(commands: Iterable[Sequence[str]], deadline: float) -> list[Ran]:
    """Run commands side by side that do not need each other; what each did, in their order."""
    return run_concurrently([functools.partial(run, arguments, deadline) for arguments in commands])


def _last_words(process: subprocess.Popen[bytes]) -> bytes:
    """What a killed command said; a child that left its group may hold the pipe open for ever."""
    try:
        output, _ = process.communicate(timeout=LAST_WORDS)
    except subprocess.TimeoutExpired:
        return b""
    return output
