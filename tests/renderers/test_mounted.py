"""What the agent is answered about files that are mounted over Dovecot's conf.d."""

from __future__ import annotations

import io
import json
import sys

import pytest

from renderers.dovecot import mounted

OLD = "# mine\nmail_plugins = $mail_plugins mail_crypt\nplugin {\n mail_crypt_save_version = 2\n}\n"
NEW = "mail_plugins {\n  mail_crypt = yes\n}\n"
PATH = "etc/dovecot/conf.d/10-custom.conf"


def test_a_file_of_the_old_dialect_is_translated() -> None:
    """Behind a line that names it; each line has the one of the file that it comes from."""
    found = mounted.translated({PATH: OLD})[PATH]
    rows = found["text"].split("\n")
    assert rows[0].startswith(f"# /{PATH} is written for Dovecot 2.3")
    by_line = dict(zip(rows, found["lines"], strict=True))
    assert (by_line["# mine"], by_line["mail_plugins {"], by_line["  mail_crypt = yes"]) == (1, 2, 2)
    assert found["problems"] == []


@pytest.mark.parametrize("text", [NEW, "", "# nothing\n", "mail_plugins {\n x = $mail_plugins\n"])
def test_others_are_read_as_they_are(text: str) -> None:
    """Dovecot says what is wrong with one of its own dialect, and nothing is written in their place."""
    assert mounted.translated({PATH: text}) == {}


def test_what_has_no_equivalent_is_left_out_and_told() -> None:
    """The other lines count, the one without is a comment."""
    found = mounted.translated({PATH: f"{OLD}replication_max_conns = 3\nmail_fsync = never\n"})[PATH]
    assert found["text"].split("\n")[-3:-1] == [
        "# Left out, as Dovecot 2.4 has no equivalent: replication_max_conns = 3",
        "mail_fsync = never",
    ]
    assert [(each["line"], bool(each["cure"])) for each in found["problems"]] == [(6, True)]


def test_the_process(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """JSON in, JSON out."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps({PATH: OLD})))
    assert mounted.main() == 0
    assert json.loads(capsys.readouterr().out) == mounted.translated({PATH: OLD})
