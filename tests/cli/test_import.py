"""`mailctl import` as people use it, on folders that others wrote."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from controlplane.cli.clone import config_folder as reading
from controlplane.cli.clone.config_folder import read_folder
from controlplane.errors import NotFound, Refused
from tests.cli.conftest import Peer

Run = Callable[..., int]

FOUND = {
    "files": [
        {
            "name": "config/dovecot.cf",
            "done": "added",
            "support": "supported",
            "note": "",
            "sealed": False,
            "line": 0,
        },
        {
            "name": "config/ssl/key.pem",
            "done": "added",
            "support": "supported",
            "note": "",
            "sealed": True,
            "line": 0,
        },
    ],
    "settings": [
        {
            "name": "TLS_LEVEL",
            "done": "added",
            "support": "supported",
            "note": "pinned by the environment to 'modern': no effect while the container sets it",
            "sealed": False,
            "line": 1,
        }
    ],
    "problems": [],
    "text": ["Plan: 2 to add, 0 to change, 0 to remove."],
    "plan": {},
    "position": 3,
    "release": 2,
    "outcome": {"outcome": "applied", "release": 2, "seconds": 0.3},
}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A config folder of years of use."""
    top = tmp_path / "old"
    (top / "rspamd/override.d").mkdir(parents=True)
    (top / "dovecot.cf").write_text("mail_max_userip_connections = 20\n")
    (top / "rspamd/override.d/actions.conf").write_text("reject = 12;\n")
    (top / "dovecot.cf~").write_text("")
    patches = top / "user-patches.sh"
    patches.write_text("#!/bin/bash\n")
    patches.chmod(0o755)
    return top


def test_the_folder_and_the_settings_are_sent(mailctl: Run, daemon: Peer, old: Path, tmp_path: Path) -> None:
    """Paths from the folder on, contents and modes, the settings beside them."""
    daemon.answers["import"] = {"result": FOUND}
    env = tmp_path / "mailserver.env"
    env.write_text("TLS_LEVEL=modern\n")
    assert mailctl("import", str(old), "--env", str(env), "--reason", "move", "--replace") == 0
    request = daemon.asked("import")
    assert set(request.pop("files")) == {"dovecot.cf", "rspamd/override.d/actions.conf", "user-patches.sh"}
    assert base64.b64decode(request.pop("env")) == b"TLS_LEVEL=modern\n"
    assert request == {"dry_run": False, "replace": True, "wait": True, "reason": "move"}


@pytest.mark.parametrize("layout", ["beside", "within"])
def test_settings_are_found_where_they_usually_lie(
    mailctl: Run, daemon: Peer, tmp_path: Path, layout: str
) -> None:
    """DIR may hold config/ and mailserver.env, as a clone does, or mailserver.env among its files."""
    top = tmp_path / "dms"
    config = top / "config" if layout == "beside" else top
    config.mkdir(parents=True)
    (config / "dovecot.cf").write_text("")
    (top / "mailserver.env").write_text("TZ=UTC\n")
    daemon.answers["import"] = {"result": FOUND}
    assert mailctl("import", str(top)) == 0
    request = daemon.asked("import")
    assert set(request["files"]) == {"dovecot.cf"}
    assert base64.b64decode(request["env"]) == b"TZ=UTC\n"
    assert request["reason"] == f"Import of {top}"


def test_the_report_reads_at_a_glance(
    mailctl: Run, daemon: Peer, old: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line per file and setting, what to know about pins, the plan, and the result."""
    daemon.answers["import"] = {"result": FOUND}
    assert mailctl("import", str(old)) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "► files: 3",
        "  +  config/dovecot.cf   added          supported",
        "  +  config/ssl/key.pem  added, sealed  supported",
        "  −  config/dovecot.cf~  left out                  an editor's left-over or a copy",
        "► settings: 1",
        "  +  TLS_LEVEL  added  supported  pinned by the environment to 'modern': no effect while the "
        "container sets it",
        "⚠ pinned: 1; take `env_file:` or `environment:` out of compose.yaml, then main decides",
        "Plan: 2 to add, 0 to change, 0 to remove.",
    ]
    assert err == "✔ change set 3, release 2 applied in 0.3 s\n"


def test_problems_fail_with_their_place(
    mailctl: Run, daemon: Peer, old: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The report stays on stdout, the refusal goes to stderr; --json has both in one."""
    problem = {"path": "config/dovecot.cf", "line": 0, "message": "main has another one", "cure": "--replace"}
    daemon.answers["import"] = {"result": {**FOUND, "problems": [problem], "text": []}}
    assert mailctl("import", str(old)) == 1
    assert (
        "✗ refused: nothing was changed\n  config/dovecot.cf: main has another one" in capsys.readouterr().err
    )
    assert mailctl("import", str(old), "--json") == 1
    assert json.loads(capsys.readouterr().out)["problems"] == [problem]


def test_a_dry_run_says_so(mailctl: Run, daemon: Peer, old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The answer says that nothing was changed."""
    daemon.answers["import"] = {"result": FOUND}
    assert mailctl("import", str(old), "--dry-run") == 0
    assert daemon.asked("import")["dry_run"]
    assert capsys.readouterr().err.endswith("► dry run: nothing was changed\n")


def test_a_hostile_folder_reaches_nothing_beyond(old: Path, tmp_path: Path) -> None:
    """Links are not followed, pipes and devices not opened, odd names not taken."""
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "shadow").write_text("root:…\n")
    (old / "link.txt").symlink_to(secret / "shadow")
    (old / "folder").symlink_to(secret)
    os.mkfifo(old / "pipe")
    (old / "new\nline").write_text("x")
    found = read_folder(old)
    assert set(found.files) == {"dovecot.cf", "rspamd/override.d/actions.conf", "user-patches.sh"}
    assert {"link.txt", "folder", "pipe", "dovecot.cf~", "new\\nline"} == set(found.left_out)


@pytest.mark.parametrize("kind", ["link", "pipe", "large"])
def test_a_file_that_counts_is_not_left_out_silently(
    old: Path, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the server would read it, the import is refused, with the way out."""
    name = old / "postfix-virtual.cf"
    if kind == "link":
        name.symlink_to(tmp_path / "elsewhere")
    elif kind == "pipe":
        os.mkfifo(name)
    else:
        monkeypatch.setattr(reading, "MOST_FILE", 1 << 10)
        name.write_bytes(b"#" * 2000)
    with pytest.raises(Refused) as refused:
        read_folder(old)
    assert [problem.path for problem in refused.value.problems] == ["postfix-virtual.cf"]
    assert refused.value.problems[0].cure


def test_no_folder_and_too_much_are_told(old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong path is reported, and all of a disk is not read."""
    with pytest.raises(NotFound):
        read_folder(tmp_path / "nothing")
    monkeypatch.setattr(reading, "MOST_FILES", 2)
    with pytest.raises(Refused, match="more than 2 files"):
        read_folder(old)
