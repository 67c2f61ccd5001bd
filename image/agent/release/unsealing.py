"""Opens sealed texts in a child process of the control plane's Python: this one has no library for age.

Only a release that holds sealed texts starts it. What was opened stays in memory, by the digest of the
sealed text, so that the same release is compared and checked without another child.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from agent.commands import ENVIRONMENT

COMMAND = ("/opt/git-mailserver/bin/python", "-I", "-OO", "-m", "controlplane.unseal")
DEADLINE = 20.0
MOST = 20_000
"""Texts that are remembered; more than any release holds."""
NOBODY = 65534
ARMOR = b"-----BEGIN AGE ENCRYPTED FILE-----"

Ask = Callable[[bytes], bytes]
"""A request of controlplane/unseal.py to its answer. Raises OSError, SubprocessError."""


class Unsealer:
    """Sealed texts (binary or armored age) to what they hold. `identity` is the file with the key.

    The child runs as `user` (its id), where this process may say so.
    """

    def __init__(self, identity: Path, command: Sequence[str] = COMMAND, user: int = NOBODY) -> None:
        self._identity, self._command, self._user = identity, command, user
        self._opened: dict[bytes, bytes] = {}

    def opened(self, content: bytes) -> bytes:
        """What an armored text holds; any other content as it is. Raises OSError where it stays closed."""
        if not content.lstrip().startswith(ARMOR):
            return content
        if reason := self.learn([content]).get(content):
            raise OSError(reason)
        return self.get(content)

    def get(self, sealed: bytes) -> bytes:
        """A text that was learnt before. Raises KeyError."""
        return self._opened[_digest(sealed)]

    def learn(self, texts: Iterable[bytes]) -> dict[bytes, str]:
        """Open what is not known yet, all in one child; returns why, for each that stays closed."""
        asked = dict.fromkeys(texts)
        if len(self._opened) + len(asked) > MOST:
            self._opened.clear()
        new = [text for text in asked if _digest(text) not in self._opened]
        if not new:
            return {}
        try:
            rows = json.loads(self._ask(self._request(new)))
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            return dict.fromkeys(new, f"sealed values cannot be opened: {_reason(error)}")
        closed = {}
        for text, row in zip(new, rows, strict=True):
            if "opened" in row:
                self._opened[_digest(text)] = base64.b64decode(row["opened"])
            else:
                closed[text] = str(row["error"])
        return closed

    def _request(self, texts: Sequence[bytes]) -> bytes:
        identity = self._identity.read_text("ascii").strip()
        sealed = [base64.b64encode(text).decode("ascii") for text in texts]
        return json.dumps({"identity": identity, "sealed": sealed}).encode()

    def _ask(self, request: bytes) -> bytes:
        # As nobody: what it reads was sealed by whoever can push.
        drop = {"user": self._user, "group": self._user, "extra_groups": []} if os.geteuid() == 0 else {}
        done = subprocess.run(
            self._command,
            input=request,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(ENVIRONMENT),
            cwd="/",
            timeout=DEADLINE,
            check=True,
            **drop,  # type: ignore[call-overload]
        )
        return bytes(done.stdout)


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()


def _reason(error: Exception) -> str:
    """An error without the request, which holds the identity."""
    if isinstance(error, OSError):
        return f"{error.filename or 'the key'}: {error.strerror}"
    return f"the process that opens them failed ({type(error).__name__})"
