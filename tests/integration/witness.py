"""Tries log-ins in a server's container (tries.py) and keeps what came of each."""

from __future__ import annotations

import json
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.integration.people import STEADY
from tests.integration.server import Server

SCRIPT = (Path(__file__).parent / "tries.py").read_text()
IN, OUT, AWAY = "in", "out", "away"


@dataclass
class Try:
    """One try to get in; `verdict` is empty until it is answered."""

    way: str
    user: str
    password: str
    told: str = ""
    """What had been done to the server before."""
    since: float = 0.0
    """When that had been confirmed, by the clock."""
    verdict: str = ""
    began: float = 0.0
    answered: threading.Event = field(default_factory=threading.Event)

    @property
    def late(self) -> float:
        """Seconds after the confirmation."""
        return self.began - self.since

    def answer(self, verdict: str, began: float) -> None:
        """It came to this."""
        self.verdict, self.began = verdict, began
        self.answered.set()


class Witness:
    """The running script. Safe to use from several threads."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._number = 0
        self._open: dict[int, Try] = {}
        self._process = self._start()

    def attempt(self, made: Try) -> Try:
        """Begin a try; its answer comes when it comes."""
        with self._lock:
            self._number += 1
            number, process, tries = self._number, self._process, self._open
            tries[number] = made
        assert process.stdin
        try:
            process.stdin.write(json.dumps([number, made.way, made.user, made.password]) + "\n")
            process.stdin.flush()
        except (OSError, ValueError):  # its container was killed, or the script has been ended
            with self._lock:
                lost = tries.pop(number, None)
            if lost:
                lost.answer(AWAY, 0.0)
        return made

    def restart(self) -> None:
        """Go on after the container was killed."""
        self.close()
        with self._lock:
            self._process = self._start()

    def close(self) -> None:
        """End the script and what it was trying."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdin
        with suppress(OSError):  # a line that nobody read any more
            self._process.stdin.close()

    def _start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            ["docker", "exec", "-i", self._server.name, "python3", "-I", "-u", "-c", SCRIPT, STEADY],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._open = {}
        threading.Thread(target=self._listen, args=(process, self._open), daemon=True).start()
        return process

    def _listen(self, process: subprocess.Popen[str], tries: dict[int, Try]) -> None:
        assert process.stdout
        with process.stdout:
            for line in process.stdout:
                number, verdict, began = json.loads(line)
                with self._lock:
                    made = tries.pop(number, None)
                if made:
                    made.answer(verdict, began)
        with self._lock:
            lost = list(tries.values())
            tries.clear()
        for made in lost:
            made.answer(AWAY, 0.0)
