"""Texts of 200 kB, wherever people can put one: cut in what is answered, shown and logged."""

from __future__ import annotations

import json

import pytest

from controlplane.daemon.log import log
from tests.daemon.site import Site

LONG = 200_000
MOST = 20_000


def test_a_long_message_is_cut_everywhere(site: Site) -> None:
    """The push's answer, log and status stay readable; the commit has the whole."""
    clone = site.clone()
    clone.append("config/postfix-virtual.cf", "info@example.test user1@example.test\n")
    (clone.path / "message").write_text("x" * LONG)
    clone.git("add", "config")
    clone.git("commit", "-q", "-F", "message")
    done = clone.push()
    assert done.returncode == 0, done.stderr
    assert len(done.stderr) < MOST
    for answer in (site.ask("log"), site.ask("history", subject="info@example.test"), site.ask("status")):
        assert len(json.dumps(answer)) < MOST * 2
    assert len(clone.git("log", "-1", "--format=%B").stdout) > LONG


def test_a_long_name_is_cut_in_a_refusal(site: Site) -> None:
    """An address and a line of 200 kB."""
    clone = site.clone()
    done = clone.change("config/postfix-virtual.cf", f"{'a' * LONG}@example.test user1@example.test\n")
    assert done.returncode != 0
    assert len(done.stderr) < MOST


def test_a_long_value_is_cut_in_the_container_log(capsys: pytest.CaptureFixture[str]) -> None:
    """A line of the log is no place for a book."""
    log.warning("something", error="x" * LONG)
    assert len(capsys.readouterr().err) < MOST
