"""What the daemon writes to its own log."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest

from controlplane.daemon.log import follow, log
from controlplane.daemon.server import ControlServer
from wire.client import ask
from wire.errors import ErrorAnswer
from wire.lines import Request, Result, Say


def test_a_line_stays_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever a value holds, it can neither begin a second line nor steer a terminal."""
    log.warning("not packed", error='a "quoted"\nword\x1b[31m', count=3, main="0a1b")
    written = capsys.readouterr().err
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ warning not packed ", written)
    assert written.endswith('error="a \\"quoted\\"\\nword\\\\x1b[31m" count=3 main=0a1b\n')
    assert written.count("\n") == 1


def test_a_bug_is_written_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """The line that says where it happened is in the log."""
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        log.exception("bug", op="edit")
    written = capsys.readouterr().err
    assert " error bug op=edit exception=" in written
    assert "ZeroDivisionError" in written
    assert "test_log.py" in written


def test_lines_of_a_request_name_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each line that is written while one is worked on says which operation it was, and whose."""

    def handle(_request: Request, _say: Say) -> Result:
        log.warning("not packed", error="full")
        raise ZeroDivisionError

    server = ControlServer(tmp_path / "control.sock", handle)
    server.bind()
    thread = threading.Thread(target=server.serve)
    thread.start()
    with pytest.raises(ErrorAnswer):
        ask(str(tmp_path / "control.sock"), {"op": "edit", "actor": "Ada L."}, 60.0)
    server.stop()
    thread.join(60)
    log.warning("later")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].endswith(' warning not packed error=full op=edit actor="Ada L."')
    assert ' error bug op=edit actor="Ada L." exception="Traceback' in lines[1]
    assert lines[2].endswith(" warning later")


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        ("error", ["error"]),
        ("warn", ["warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("debug", ["debug", "info", "warning", "error"]),
        ("trace", ["debug", "info", "warning", "error"]),
    ],
)
def test_log_level_holds_at_once(level: str, shown: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """It is asked for at each line: what is less important than it says stays away."""
    follow(lambda: level)
    try:
        log.debug("x")
        log.info("x")
        log.warning("x")
        log.error("x")
    finally:
        follow(lambda: "info")
    assert [line.split()[1] for line in capsys.readouterr().err.splitlines()] == shown
