"""Accounts with hashes of many years ago log in, and are listed until they have a new password."""

from __future__ import annotations

import imaplib
import json

import pytest

from tests.integration.edits import put
from tests.integration.polling import poll
from tests.integration.server import PASSWORD, Clone, Server

SECRET = "secret"
HASHES = {
    "md5-crypt": "{MD5-CRYPT}$1$WwgkR62c$4DWfhCgokshWEMGEWA8gF1",
    "md5": "{MD5}$1$Nt9K5Sw0$iZBlsVM9XEPgPCLyz0MVd0",
    "bare": "$1$vJTc.uoV$etJK4qSUVxr/TcVXKRqlF1",
    "crypt": "{CRYPT}$1$vJTc.uoV$etJK4qSUVxr/TcVXKRqlF1",
    "behind-sha512": "{SHA512-CRYPT}$1$vJTc.uoV$etJK4qSUVxr/TcVXKRqlF1",
    "des-crypt": "{DES-CRYPT}9oNVHrz3UJi8A",
    "smd5": "{SMD5}0selJLXLuEvOJGWSIaFvWyDE/uU=",
    "plain-md4": "{PLAIN-MD4}67d3dafef63ff00603aeef3769cfbf0d",
    "plain-md5": "{PLAIN-MD5}5ebe2294ecd0e0f08eab7690d2a6ee69",
    "ldap-md5": "{LDAP-MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ==",
    "hmac-md5": "{HMAC-MD5}cd3ba7deaad6e5ca23448ba42e379747a9e0f7f1fbc00c8a81bbaac395731b56",
    "cram-md5": "{CRAM-MD5}cd3ba7deaad6e5ca23448ba42e379747a9e0f7f1fbc00c8a81bbaac395731b56",
    "sha1": "{SHA1}5en6G6MezRroT3XKqkdPOmY/BfQ=",
    "sha256": "{SHA256}K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=",
}
"""Of the password above, by what the account is called."""
ACCOUNTS, MASTERS = "config/postfix-accounts.cf", "config/dovecot-masters.cf"


def weak(server: Server) -> dict[str, str]:
    """The schemes that `mailctl accounts --weak` lists, by address or by name."""
    listed = json.loads(server.must("mailctl", "accounts", "--weak", "--json"))
    return {row["name"]: row["scheme"] for rows in listed.values() for row in rows}


@pytest.mark.shows("postfix-accounts.cf", "dovecot-masters.cf", "setup email update")
def test_weak_hashes_log_in_and_are_listed_until_they_are_replaced(server: Server, clone: Clone) -> None:
    """Each kind that the daemon takes, a master's too; no answer shows a hash."""
    lines = "".join(f"{name}@weak.test|{each}\n" for name, each in HASHES.items())
    clone.back()
    others = (clone.path / ACCOUNTS).read_text()
    said = put(server, clone, {ACCOUNTS: others + lines, MASTERS: f"old-chief|{HASHES['bare']}\n"})
    assert f"{len(HASHES)} weak password hashes (MD5-CRYPT 5, " in said
    for name in HASHES:
        with server.imap(f"{name}@weak.test", SECRET) as session:
            assert session.select("INBOX")[0] == "OK"
    with server.imap("sha1@weak.test*old-chief", SECRET) as session:
        assert session.select("INBOX")[0] == "OK"

    listed = weak(server)
    assert listed["behind-sha512@weak.test"] == listed["old-chief"] == "MD5-CRYPT"
    assert {f"{name}@weak.test" for name in HASHES} < set(listed)
    text = server.must("mailctl", "accounts") + server.must("mailctl", "status")
    assert "weak password hashes: " in text
    assert not [each for each in HASHES.values() if each[-10:] in text]

    server.must("setup", "email", "update", "md5@weak.test", PASSWORD)
    assert "md5@weak.test" not in weak(server)
    poll(lambda: logs_in(server, "md5@weak.test", PASSWORD), "the new password counts", 10)
    put(server, clone, {ACCOUNTS: others, MASTERS: ""})
    assert not [name for name in weak(server) if name.endswith("@weak.test")]


def logs_in(server: Server, user: str, password: str) -> bool:
    """Whether the password is taken."""
    try:
        with server.imap(user, password):
            return True
    except imaplib.IMAP4.error:
        return False
