"""One-off containers: the same operations without a daemon."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from controlplane.daemon import embedded
from controlplane.daemon.run import Places
from controlplane.errors import Refused, Unavailable
from tests.daemon.site import HASH, Site

ADD: dict[str, Any] = {
    "op": "edit", "command": "account.add", "address": "user1@example.test", "password_hash": HASH,
    "actor": "root", "source": "setup",
}  # fmt: skip


def _quiet(text: str) -> None:
    del text


def test_a_bare_config_folder_is_edited_in_place(tmp_path: Path) -> None:
    """The file gets its line, a duplicate is refused, the list shows it."""
    places = Places(root=tmp_path / "nothing")
    embedded.call(ADD, _quiet, {}, places, tmp_path)
    assert (tmp_path / "postfix-accounts.cf").read_text() == f"user1@example.test|{HASH}\n"
    with pytest.raises(Refused):
        embedded.call(ADD, _quiet, {}, places, tmp_path)
    assert embedded.call({"op": "accounts"}, _quiet, {}, places, tmp_path)["accounts"]


def test_with_nothing_mounted_it_says_so(tmp_path: Path) -> None:
    """No traceback, a reason."""
    with pytest.raises(Unavailable):
        embedded.call(ADD, _quiet, {}, Places(root=tmp_path / "no"), tmp_path / "none")


def test_on_a_state_volume_the_change_is_recorded(site: Site) -> None:
    """A one-off command on the volume of a stopped server is there when it starts."""
    site.stop()
    embedded.call(ADD, _quiet, site.environment, site.places)
    site.start()
    assert list(site.daemon.intake.state.desired.accounts) == ["user1@example.test"]
    site.must_agree()


def test_a_running_daemon_notices_what_another_process_wrote(site: Site) -> None:
    """Both hold the writer's lock in turn; the later one reads what the earlier one wrote."""
    embedded.call(ADD, _quiet, site.environment, site.places)
    site.add("user2@example.test")
    assert list(site.daemon.intake.state.desired.accounts) == ["user1@example.test", "user2@example.test"]
    site.must_agree()


def test_a_file_that_was_closed_stays_closed(tmp_path: Path) -> None:
    """Password hashes that only their owner may read are written back as such."""
    file = tmp_path / "postfix-accounts.cf"
    file.write_text(f"user2@example.test|{HASH}\n")
    file.chmod(0o600)
    embedded.call(ADD, _quiet, {}, Places(root=tmp_path / "nothing"), tmp_path)
    assert file.stat().st_mode & 0o777 == 0o600
