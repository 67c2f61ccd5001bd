"""What concerns the container as a whole, and what user-patches.sh is given."""

from __future__ import annotations

import json
from typing import Any

import pytest

from renderers.service import RenderedFile
from tests.renderers.states import render_node, state

FOLDER = "etc/dms/user-patches"


def manifest(settings: dict[str, str], accounts: tuple[str, ...] = ()) -> dict[str, Any]:
    """The decoded manifest of a state."""
    found: dict[str, Any] = json.loads(render_node(state(settings, accounts=accounts)).manifest)
    return found


@pytest.mark.shows("LOG_LEVEL", "SUPERVISOR_LOGLEVEL")
def test_the_agent_is_told_how_much_to_log() -> None:
    """Both levels are in the manifest: no service reads them."""
    usual = manifest({})
    assert (usual["log_level"], usual["supervisor_log_level"]) == ("info", "warn")
    other = manifest({"LOG_LEVEL": "trace", "SUPERVISOR_LOGLEVEL": "debug"})
    assert (other["log_level"], other["supervisor_log_level"]) == ("trace", "debug")


@pytest.mark.shows("FIRST_ACCOUNT_TIMEOUT")
@pytest.mark.parametrize(
    ("settings", "accounts", "seconds"),
    [
        ({}, (), 120),
        ({"FIRST_ACCOUNT_TIMEOUT": "5"}, (), 5),
        ({"FIRST_ACCOUNT_TIMEOUT": "0"}, (), 0),
        ({}, ("user@example.test",), 0),
        ({"SMTP_ONLY": "1"}, (), 0),
        ({"ACCOUNT_PROVISIONER": "LDAP"}, (), 0),
    ],
)
def test_a_server_without_accounts_has_a_deadline(
    settings: dict[str, str], accounts: tuple[str, ...], seconds: int
) -> None:
    """Two minutes, unless set otherwise; none where no account is needed."""
    assert manifest(settings, accounts)["account_deadline"] == seconds


def test_a_time_zone_is_told_to_all_that_write_times() -> None:
    """Owned by the system, with its complaint led back to mailserver.env."""
    row = manifest({"TZ": "Europe/Berlin"})["files"]["etc/timezone"]
    assert row["services"] == ["system", "rspamd", "dovecot", "postfix"]
    assert (row["compile"], row["origins"]) == ("zone", [[1, "mailserver.env", 0]])
    assert "etc/timezone" not in manifest({})["files"]


@pytest.mark.shows("user-patches.sh")
def test_the_script_gets_what_it_names() -> None:
    """Settings by their names, other files of config/ by their place; a change of these makes it run."""
    script = b'echo "$POSTMASTER_ADDRESS $HOME"\ncp /tmp/docker-mailserver/extra/table /etc/postfix/\n'
    overrides = {"user-patches.sh": script, "extra/table": b"one\n", "extra/other": b"x\n"}
    files = render_node(state(overrides=overrides)).files

    def text(name: str) -> str:
        file = files[f"{FOLDER}/{name}"]
        assert isinstance(file, RenderedFile)
        return file.content.decode()

    assert text("script") == script.decode()
    assert text("environment") == "POSTMASTER_ADDRESS=postmaster@example.test\n"
    assert text("inputs").endswith(" extra/table\n")
    assert text("inputs").count("\n") == 1
    changed = render_node(state(overrides=overrides | {"extra/table": b"two\n"})).files
    assert {path for path in files if files[path] != changed[path]} == {
        f"{FOLDER}/inputs",
        "tmp/docker-mailserver/extra/table",
    }


def test_without_a_script_there_is_nothing_of_it() -> None:
    """No file, and no change for settings that no script names."""
    assert not [path for path in render_node(state()).files if path.startswith(FOLDER)]
