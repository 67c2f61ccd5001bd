"""What the daemon writes to its own log."""

from __future__ import annotations

import re

import pytest

from controlplane.daemon import log


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
