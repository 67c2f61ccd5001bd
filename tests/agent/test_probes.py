"""Several probes are waited for at once."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

from agent.health.probes import ask_all, wait
from wire.manifest import Probe

FAR = 20.0
"""Seconds that no test needs when all is well."""


def greet_together(folder: Path, count: int) -> list[Probe]:
    """Services each of which greets only when every one of them has been called."""
    together = threading.Barrier(count)

    def serve(listener: socket.socket) -> None:
        with listener:
            connection, _ = listener.accept()
        with connection:
            connection.recv(64)
            together.wait(FAR)
            connection.sendall(b"+PONG\r\n")

    probes = []
    for number in range(count):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(folder / f"{number}"))
        listener.listen()
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        probes.append(Probe(f"p{number}", "redis", path=f"/{number}"))
    return probes


def test_ports_are_asked_side_by_side(tmp_path: Path) -> None:
    """No probe waits for the answer of another, and answers come in the order of the probes."""
    answers = wait(greet_together(tmp_path, 3), tmp_path, time.monotonic() + FAR)
    assert [(answer.name, answer.ok) for answer in answers] == [("p0", True), ("p1", True), ("p2", True)]


def test_one_try_each_is_side_by_side_too(tmp_path: Path) -> None:
    """Status and health take as long as the slowest service."""
    assert all(answer.ok for answer in ask_all(greet_together(tmp_path, 3), tmp_path))
    assert ask_all([], tmp_path) == []


def test_no_probe_goes_on_where_there_is_no_use(tmp_path: Path) -> None:
    """A program that died is asked about until that is known, not until the deadline."""
    probes = [Probe("a", "redis", path="/none"), Probe("b", "redis", path="/none")]
    begun = time.monotonic()
    answers = wait(probes, tmp_path, begun + FAR, lambda: True)
    assert [answer.ok for answer in answers] == [False, False]
    assert time.monotonic() - begun < FAR
