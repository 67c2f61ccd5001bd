"""postfix-accounts.cf: what is read, what is refused, what an edit leaves alone."""

from __future__ import annotations

import pytest

from controlplane.errors import Refused
from controlplane.model import Account
from controlplane.statefiles import accounts

HASH = "{SHA512-CRYPT}$6$2YpW1nYt$z.5PGH1OEzs"
TEXT = f"""# staff

user1@example.test|{HASH}
  # gone soon
User2@Example.test|$6$a$b|userdb_mail=maildir:~/m x=1
"""
RAW = TEXT.encode()


def test_accounts_are_read_in_their_order() -> None:
    """Comments and blank lines may stand anywhere; addresses are read in lower case."""
    parsed = accounts.parse(TEXT)
    assert parsed.problems == ()
    assert list(parsed.rows.values()) == [
        Account("user1@example.test", HASH),
        Account("user2@example.test", "$6$a$b", "userdb_mail=maildir:~/m x=1"),
    ]


def test_crlf_means_the_same() -> None:
    """A file saved on Windows has the same accounts."""
    assert accounts.parse(TEXT.replace("\n", "\r\n")).rows == accounts.parse(TEXT).rows


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("user1", "the line is not an account"),
        ("user1@example.test", "the line is not an account"),
        (f"user1@example.test {HASH}", "the line is not an account"),
        (f"user1@example.test:{HASH}|", "the line is not an account"),
        (f"user1|{HASH}", "there is no @"),
        (f"@example.test|{HASH}", "the part before the @ is empty"),
        (f"user1@|{HASH}", "the domain is empty"),
        (f"../user1@example.test|{HASH}", "characters of a path"),
        (f"a/b@example.test|{HASH}", "characters of a path"),
        (f"a..b@example.test|{HASH}", "characters of a path"),
        (f".a@example.test|{HASH}", "starts or ends with a dot"),
        (f"a@.example.test|{HASH}", "not a domain name"),
        (f"a@-example.test|{HASH}", "not a domain name"),
        (f"a@{'b' * 64}.test|{HASH}", "not a domain name"),
        (f"a@b\x00.test|{HASH}", "control characters"),
        (f"ä@example.test|{HASH}", "beyond ASCII"),
        (f"a@exämple.test|{HASH}", "beyond ASCII"),
        (f"{'a' * 65}@example.test|{HASH}", "over 64 characters"),
        (f"a@{'b.' * 125}test|{HASH}", "254 are allowed"),
        ("user1@example.test|", "has no password hash"),
        ("user1@example.test|topsecret", "is in clear text"),
        ("user1@example.test|{PLAIN}topsecret", "is in clear text"),
        ("user1@example.test|{cleartext.b64}topsecret", "is in clear text"),
        ("user1@example.test|{ROT13}topsecret", "{ROT13} is not a password scheme"),
        ("user1@example.test|{SHA}topsecret:0:0", "characters that no hash has"),
        ("user1@example.test|{SHA}", "is empty"),
        (f"user1@example.test|{HASH}|=1", "is no attribute"),
        (f"user1@example.test|{HASH}|a=1|b=2", "more than three fields"),
    ],
)
def test_a_malformed_line_is_refused(line: str, message: str) -> None:
    """Each mistake is reported where it is and with a cure, never with the secret itself."""
    (problem,) = accounts.parse(f"# head\n{line}\n").problems
    assert message in problem.message
    assert (problem.path, problem.line) == ("config/postfix-accounts.cf", 2)
    assert problem.cure
    assert "secret" not in problem.excerpt + problem.message
    assert "z.5PGH1OEzs" not in problem.excerpt + problem.message


def test_the_culprit_is_pointed_at() -> None:
    """Column and length say which part of the excerpt is at fault."""
    (problem,) = accounts.parse(f"a/b@example.test|{HASH}").problems
    assert (problem.column, problem.length) == (1, len("a/b@example.test"))
    assert problem.excerpt == "a/b@example.test|…"


def test_the_same_mailbox_twice_is_refused() -> None:
    """Upper and lower case are the same mailbox; the first line is named."""
    (problem,) = accounts.parse(f"# x\nuser1@example.test|{HASH}\nUSER1@example.test|{HASH}\n").problems
    assert problem.message == "account user1@example.test is there already, on line 2"
    assert problem.line == 3


def test_all_problems_are_told_up_to_a_bound() -> None:
    """A person sees every mistake at once, a hostile file does not fill the log."""
    assert len(accounts.parse("x\ny\n").problems) == 2
    assert len(accounts.parse("x\n" * 1000).problems) == 50


def test_an_added_account_is_a_line_at_the_end() -> None:
    """Everything before it stays byte for byte."""
    assert (
        accounts.add(TEXT.encode(), "new@example.test", HASH).decode() == f"{TEXT}new@example.test|{HASH}\n"
    )


def test_a_missing_last_line_end_is_made_good() -> None:
    """An editor that leaves it out does not glue two accounts together."""
    text = f"a@example.test|{HASH}"
    assert accounts.add(text.encode(), "b@example.test", HASH).decode() == f"{text}\nb@example.test|{HASH}\n"


def test_a_second_account_in_capitals_is_found_when_the_text_is_read() -> None:
    """They are the same mailbox; the search for what is there already looks for the usual form alone."""
    (problem,) = accounts.parse(accounts.add(TEXT.encode(), "user2@example.test", HASH).decode()).problems
    assert "user2@example.test is there already" in problem.message


def test_edits_keep_the_line_ends_of_windows() -> None:
    """New and changed lines end as the lines around them."""
    text = TEXT.replace("\n", "\r\n")
    assert accounts.add(text.encode(), "b@example.test", HASH).decode().endswith(f"b@example.test|{HASH}\r\n")
    assert accounts.update(text, "user1@example.test", "{SHA}x").count("\r\n") == text.count("\r\n")


def test_a_new_password_touches_its_line_alone() -> None:
    """Attributes and the way the address is written stay."""
    expected = TEXT.replace("$6$a$b", "{SHA}new")
    assert accounts.update(TEXT, "user2@example.test", "{SHA}new") == expected


def test_a_removed_account_takes_its_line_along() -> None:
    """The comment above stays, since nobody knows whose it is."""
    expected = "".join(line for line in TEXT.splitlines(keepends=True) if not line.startswith("User2"))
    assert accounts.remove(TEXT, "USER2@example.test") == expected


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda: accounts.add(RAW, "USER1@example.test", HASH), "exists already"),
        (lambda: accounts.add(RAW, "user1", HASH), "there is no @"),
        (lambda: accounts.add(RAW, "b@example.test", "clear"), "clear text"),
        (
            lambda: accounts.add(RAW, "b@example.test", f"{HASH}\nc@example.test|{HASH}"),
            "no hash has",
        ),
        (lambda: accounts.update(TEXT, "b@example.test", HASH), "there is no account b@example.test"),
        (lambda: accounts.remove(TEXT, "ser1@example.test"), "there is no account ser1@example.test"),
    ],
)
def test_an_edit_that_makes_no_sense_is_refused(edit: object, message: str) -> None:
    """The text stays as it is, and the refusal says why."""
    with pytest.raises(Refused, match=message):
        edit()  # type: ignore[operator]


@pytest.mark.parametrize(
    "line",
    [
        f"a|b@example.test|{HASH}",
        f"user1@example.test|$1|{HASH}",
        f"user1@example.test|{HASH}|{HASH}",
        f"user1@example.test|x|{HASH}",
        "user1@example.test|{z.5PGH1OEzs}",
        "$6$2YpW1nYt$z.5PGH1OEzs|user1@example.test",
    ],
)
def test_a_hash_in_another_place_is_not_shown(line: str) -> None:
    """An extra bar moves the hash to where attributes stand; nothing behind the first bar is ever printed."""
    (problem,) = accounts.parse(line).problems
    assert "z.5PGH1OEzs" not in problem.message + problem.excerpt + problem.cure
    assert accounts.masked(line) == f"{line.partition('|')[0]}|…"


@pytest.mark.parametrize("address", ["a|b@example.test", "a b@example.test", "a@example.test|{SHA}x"])
def test_a_refused_edit_shows_no_line(address: str) -> None:
    """The line that it would have been exists nowhere: no number, no excerpt, and no hash."""
    with pytest.raises(Refused) as caught:
        accounts.add(b"", address, HASH)
    (problem,) = caught.value.problems
    assert (problem.path, problem.line, problem.excerpt) == ("", 0, "")
    assert "z.5PGH1OEzs" not in problem.message + problem.cure


def test_a_hash_brings_no_attributes_along() -> None:
    """A bar in what was given for a hash would begin another field."""
    with pytest.raises(Refused, match="something else than was asked"):
        accounts.add(b"", "a@example.test", "{SHA}x|userdb_uid=0")
    text = f"a@example.test|{HASH}\n"
    assert not accounts.has(text, f"a@example.test|{HASH}")
