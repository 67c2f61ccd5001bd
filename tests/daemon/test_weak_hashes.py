"""Weak password hashes: counted in the status, told at the start, listed without a hash."""

from __future__ import annotations

import json

import pytest

from tests.daemon.site import HASH, Site

OLD = "{MD5-CRYPT}$1$abcdefgh$" + "y" * 22
ACCOUNTS, MASTERS = "config/postfix-accounts.cf", "config/dovecot-masters.cf"


@pytest.mark.shows("postfix-accounts.cf", "dovecot-masters.cf")
def test_they_are_counted_listed_and_cured(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """A push is told of them and taken; a new password takes one away; a start tells them again."""
    assert site.ask("status")["weak_hashes"] == {"accounts": {}, "masters": {}}
    clone = site.clone()
    clone.append(ACCOUNTS, f"ann@example.test|{HASH}\nbob@example.test|{OLD}\neve@example.test|{OLD}\n")
    clone.append(MASTERS, f"backup|{OLD}\n")
    clone.commit()
    done = clone.push()
    assert done.returncode == 0, done.stderr
    assert "2 weak password hashes (MD5-CRYPT 2), 2 in all" in done.stderr
    weak = {"accounts": {"MD5-CRYPT": 2}, "masters": {"MD5-CRYPT": 1}}
    assert site.ask("status")["weak_hashes"] == weak
    listed = site.ask("hashes", weak=True)
    assert [row["name"] for rows in listed.values() for row in rows] == [
        "bob@example.test",
        "eve@example.test",
        "backup",
    ]
    assert OLD[-22:] not in json.dumps(site.ask("hashes"))
    site.ask("edit", command="account.update", source="setup", address="bob@example.test", password_hash=HASH)
    assert site.ask("status")["weak_hashes"]["accounts"] == {"MD5-CRYPT": 1}
    capsys.readouterr()
    site.stop()
    site.start()
    assert "weak password hashes" in capsys.readouterr().err
    assert vars(site.daemon.intake.state.desired)["weak_counts"] == {"MD5-CRYPT": 1}
