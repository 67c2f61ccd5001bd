"""What the daemon writes to its own log."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path

import pytest

from controlplane.daemon.log import follow, log
from controlplane.daemon.server import ControlServer
from tests.daemon.site import Site
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
    follow(lambda: (level, "console"))
    try:
        log.debug("x")
        log.info("x")
        log.warning("x")
        log.error("x")
    finally:
        follow(lambda: ("info", "console"))
    assert [line.split()[1] for line in capsys.readouterr().err.splitlines()] == shown


@pytest.mark.shows("LOG_FORMAT")
def test_json_has_the_same_names(capsys: pytest.CaptureFixture[str]) -> None:
    """An object per line, with nothing in it that steers a terminal or is too long."""
    error = 'a "quoted"\nword\x1b[31m\x9b'
    follow(lambda: ("info", "json"))
    try:
        log.warning("not packed", error=error, count=3, path=Path("/x"), long="x" * 9_000)
        log.debug("unwanted")
    finally:
        follow(lambda: ("info", "console"))
    (line,) = capsys.readouterr().err.splitlines()
    assert line.isprintable()
    told = json.loads(line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told.pop("timestamp"))
    assert len(told.pop("long")) < 9_000
    assert told == {
        "level": "warning",
        "event": "not packed",
        "error": error,
        "count": 3,
        "path": "/x",
    }


def test_a_request_is_told_with_the_position_it_came_at(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who reads the line finds the change sets that were there in `mailctl log`."""
    before = site.daemon.intake.position
    follow(lambda: ("debug", "console"))
    try:
        ask(str(site.places.socket), {"op": "accounts", "actor": "ada"}, 60.0)
    finally:
        follow(lambda: ("info", "console"))
    assert f" debug request op=accounts actor=ada position={before}" in capsys.readouterr().err.replace(
        ' source=""', ""
    )
