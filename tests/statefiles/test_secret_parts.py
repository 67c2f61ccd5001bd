"""Passwords are found where they stand, and sealed there."""

from __future__ import annotations

import pytest

from controlplane.statefiles import env_file, masters, relay
from controlplane.statefiles.secret_parts import has_format, seal_parts, secret_parts

WORD = "age:" + "A" * 240
RELAY, MASTERS = relay.CREDENTIALS.path, masters.TABLE.path


def sealed(path: str, text: str) -> str:
    """The text with every secret replaced by one word."""
    return seal_parts(text, secret_parts(path, text), lambda _: WORD)


@pytest.mark.parametrize(
    ("path", "text", "secrets", "after"),
    [
        (RELAY, "@a.test\tme:pa ss:w \r\n", ["pa ss:w"], f"@a.test\tme:{WORD} \r\n"),
        (RELAY, "# me:x\n[h]:587 u:p\n", ["p"], f"# me:x\n[h]:587 u:{WORD}\n"),
        (RELAY, "@a.test\n  me:secret\n", ["secret"], f"@a.test\n  me:{WORD}\n"),
        (RELAY, f"@a.test me:{WORD}\n@b.test {WORD}\n", [], f"@a.test me:{WORD}\n@b.test {WORD}\n"),
        (MASTERS, "admin|{PLAIN-MD5}x|a=b\n", ["{PLAIN-MD5}x"], f"admin|{WORD}|a=b\n"),
        (
            "mailserver.env",
            "RELAY_USER=me\nRELAY_PASSWORD='two words '  # why\n",
            ["two words "],
            f"RELAY_USER=me\nRELAY_PASSWORD={WORD}  # why\n",
        ),
        (
            "mailserver.env",
            "#RELAY_PASSWORD=x\nRELAY_PASSWORD=\n",
            [],
            "#RELAY_PASSWORD=x\nRELAY_PASSWORD=\n",
        ),
        ("config/ldap-users.cf", "bind_pw = a b\nbind = yes\n", ["a b"], f"bind_pw = {WORD}\nbind = yes\n"),
        ("config/dovecot-ldap.conf.ext", 'dnpass = "s"\n', ["s"], f'dnpass = "{WORD}"\n'),
        ("config/getmail-a.cf", "password = s\n", ["s"], f"password = {WORD}\n"),
        (
            "config/fetchmail.cf",
            "user a password 'x1' is b, user c pass x2 # pass x3\n",
            ["x1", "x2"],
            f"user a password '{WORD}' is b, user c pass {WORD} # pass x3\n",
        ),
    ],
)
def test_secrets_are_sealed_in_their_places(path: str, text: str, secrets: list[str], after: str) -> None:
    """And nothing else of the text changes."""
    assert [part.value for part in secret_parts(path, text)] == secrets
    assert sealed(path, text) == after
    assert sealed(path, after) == after


def test_what_was_sealed_is_still_read() -> None:
    """The formats take the word in a secret's place."""
    rows = relay.CREDENTIALS.parse(sealed(RELAY, "@a.test me:x\n"))
    assert (dict(rows.rows), rows.problems) == ({"@a.test": f"me:{WORD}"}, ())
    assert env_file.parse(f"RELAY_PASSWORD={WORD}\n").rows == {"RELAY_PASSWORD": WORD}
    assert masters.TABLE.parse(f"admin|{WORD}\n").rows["admin"].password_hash == WORD


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (RELAY, "@a.test me:hush\n"),
        ("config/fetchmail.cf", "user a pass hush user b pass hush\n"),
        ("mailserver.env", "RELAY_PASSWORD=hush\n"),
        ("config/ldap-users.cf", "bind_pw = hush\n"),
    ],
)
def test_what_is_shown_of_a_line_holds_no_secret(path: str, text: str) -> None:
    """Also where a line has two."""
    for part in secret_parts(path, text):
        assert "hush" not in part.shown


def test_hashes_may_stay_and_passwords_may_not() -> None:
    """As the hashes of accounts may."""
    assert [part.must for part in secret_parts(MASTERS, "admin|{CRYPT}x\n")] == [False]
    assert [part.must for part in secret_parts(RELAY, "@a.test me:x\n")] == [True]
    assert not has_format("config/dovecot.cf")


@pytest.mark.parametrize(
    ("line", "cure"),
    [
        ("RELAY_PASS=hunter2", "did you mean RELAY_PASSWORD?"),
        ("SSL_KEY=/tmp/ssl/key.pem", "did you mean SSL_KEY_PATH?"),
        ("LDAP_PASSWORD=hunter2", "did you mean LDAP_BIND_PW?"),
        ("MY_TOKEN=hunter2", "write it as NAME=value of a setting"),
    ],
)
def test_a_wrong_name_that_sounds_secret_gets_its_hint(line: str, cure: str) -> None:
    """Nothing of its value is told, and what was meant is."""
    (part,) = secret_parts("mailserver.env", f"{line}\n")
    assert cure in part.cure
    assert "hunter2" not in part.cure
