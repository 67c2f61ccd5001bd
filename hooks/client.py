"""Hands a push to the daemon and prints its answer. Standard library only: it starts for every push."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from wire import client
from wire.errors import ErrorAnswer

SOCKET = "/run/mail-control/control.sock"
DEADLINE = 120.0
"""Seconds for each line of the answer; above the daemon's own deadlines for its checkers."""


def request_of(op: str) -> dict[str, object]:
    """What git tells a hook: updates on stdin, the rest in the environment (githooks(5))."""
    count = int(os.environ.get("GIT_PUSH_OPTION_COUNT") or 0)
    return {
        "op": op,
        "updates": [line.split(" ", 2) for line in sys.stdin.read().splitlines() if line],
        "quarantine": os.environ.get("GIT_QUARANTINE_PATH", ""),
        "options": [os.environ.get(f"GIT_PUSH_OPTION_{number}", "") for number in range(count)],
        "actor": actor(),
        "process": os.getppid(),  # git's, which lasts until the references are moved or are not
    }


def actor() -> str:
    """Who pushes: the comment of the SSH key; without SSH, whoever may run programs in the container."""
    return os.environ.get("GIT_MAILSERVER_ACTOR", "root (docker exec)") or "an SSH key without a comment"


def ask(request: dict[str, object]) -> int:
    """Carry out the request; the exit status for git: 0 accepted, 1 refused."""
    try:
        client.ask(os.environ.get("MAILCTL_SOCKET", SOCKET), request, DEADLINE, _say)
    except ErrorAnswer as error:
        if not error.said:
            _say(f"✗ refused: {error.message}")
        return 1
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def astray() -> bool:
    """Whether git runs as root on somebody else's repository: what it writes the daemon could not read."""
    return os.geteuid() == 0 and Path(os.environ.get("GIT_DIR") or ".").stat().st_uid != 0


def main(op: str) -> int:
    """Run one hook; a daemon that does not answer is a refusal."""
    if op == "pre-receive" and astray():
        print("✗ refused: root pushes past the account that the repository belongs to.", file=sys.stderr)
        print("  Nothing was changed. From inside the container push with", file=sys.stderr)
        print("  `git push --receive-pack=/usr/local/bin/git-receive-pack`", file=sys.stderr)
        return 1
    # git passes bytes on as they are; what they cannot stand for must not keep the rest from being told
    sys.stderr.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    try:
        return ask(request_of(op))
    except OSError as error:
        print(f"✗ the control plane does not answer ({error}).", file=sys.stderr)
        if op == "pre-receive":
            print("  Nothing was changed. Push again when it runs:", file=sys.stderr)
            print("  `docker exec mailserver supervisorctl status mailctld`", file=sys.stderr)
        else:
            print("  The push is recorded and takes effect when the control plane is back.", file=sys.stderr)
        return 1
