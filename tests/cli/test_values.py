"""Values that begin with a dash."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cli.conftest import Peer

Run = Callable[..., int]
SERVED = {
    "result": {"position": 7, "release": 4, "outcome": {"outcome": "applied", "release": 4, "seconds": 0.1}}
}
WAYS = (
    (("relay", "add-auth", "example.test", "user"), ()),
    (("relay", "add-auth", "example.test", "user"), ("--reason", "-because")),
    (("relay", "add-auth", "--reason", "x", "example.test", "user"), ("--no-wait",)),
    (("relay", "add-auth", "--reason=x", "example.test", "user"), ()),
)


@pytest.mark.parametrize(
    "password", ["-secret", "-h1", "-y", "-", "-1", "-=x", "-reason", "-ö ü", "- -", "—x"]
)
@pytest.mark.parametrize(("before", "behind"), WAYS)
@pytest.mark.shows("setup relay add-auth")
def test_a_value_with_a_dash_is_a_value(
    setup: Run, daemon: Peer, before: tuple[str, ...], behind: tuple[str, ...], password: str
) -> None:
    """Wherever the options stand, a single dash begins no option that is not there."""
    daemon.answers["edit"] = SERVED
    assert setup(*before, password, *behind) == 0
    assert daemon.asked("edit")["password"] == password


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (("alias", "add", "-x@example.test", "a@example.test"), "alias"),
        (("alias", "del", "-x@example.test", "a@example.test"), "alias"),
        (("email", "restrict", "add", "send", "-x@example.test"), "address"),
        (("email", "restrict", "del", "send", "-x@example.test"), "address"),
    ],
)
def test_an_address_may_begin_with_a_dash(
    setup: Run, daemon: Peer, words: tuple[str, ...], field: str
) -> None:
    """RFC 5322 3.2.3: a dash is atext like others."""
    daemon.answers["edit"] = SERVED
    assert setup(*words) == 0
    assert daemon.asked("edit")[field] == "-x@example.test"


def test_what_begins_with_a_dash_is_judged_as_a_value(setup: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """A port of -1 is no option that is missing."""
    assert setup("relay", "add-domain", "example.test", "relay.test", "-1") == 2
    assert "-1 is not in the range" in capsys.readouterr().err


@pytest.mark.parametrize("password", ["--secret", "--no-wait", "--reason", "--", "--help", "-h"])
def test_behind_two_dashes_everything_is_a_value(setup: Run, daemon: Peer, password: str) -> None:
    """What is spelt like an option is a value there."""
    daemon.answers["edit"] = SERVED
    assert setup("relay", "add-auth", "--no-wait", "--", "example.test", "user", password) == 0
    assert daemon.asked("edit")["password"] == password


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        (("email", "add", "user1@example.test"), "ADDRESS PASSWORD"),
        (("email", "update", "user1@example.test"), "ADDRESS PASSWORD"),
        (("dovecot-master", "add", "admin"), "NAME PASSWORD"),
        (("dovecot-master", "update", "admin"), "NAME PASSWORD"),
        (("relay", "add-auth", "example.test", "user"), "DOMAIN USERNAME PASSWORD"),
    ],
)
def test_what_may_be_a_misspelt_option_is_no_password(
    setup: Run, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], arguments: str
) -> None:
    """Nobody gets the password `--no-wiat`; the message says how one is written, and shows none."""
    assert setup(*words, "--no-wiat") == 2
    said = capsys.readouterr().err
    assert "Did you mean --no-wait?" in said
    assert f"setup {' '.join(words[:2])} -- {arguments}" in said
    assert setup(*words, "--Geheim99") == 2
    assert "Geheim" not in capsys.readouterr().err


def test_an_option_without_its_value_is_told(setup: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """The last word `--reason` is an option that lacks something."""
    assert setup("email", "add", "user1@example.test", "secret", "--reason") == 2
    assert "'--reason' requires an argument" in capsys.readouterr().err


def test_help_is_help(setup: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """-h and --help are options of every command."""
    for word in ("-h", "--help"):
        assert setup("email", "add", word) == 0
        assert "Add the account ADDRESS" in capsys.readouterr().out


@pytest.mark.parametrize("word", ["-h", "--help"])
@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        (("email", "add", "user1@example.test"), "ADDRESS PASSWORD"),
        (("email", "update", "--no-wait", "user1@example.test"), "ADDRESS PASSWORD"),
        (("dovecot-master", "add", "admin"), "NAME PASSWORD"),
        (("dovecot-master", "update", "admin"), "NAME PASSWORD"),
        (("relay", "add-auth", "example.test", "user"), "DOMAIN USERNAME PASSWORD"),
    ],
)
def test_help_in_the_place_of_a_password_is_no_success(
    setup: Run, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], arguments: str, word: str
) -> None:
    """A script with that password would take a page of help for an account that was added."""
    assert setup(*words, word) == 2
    said = capsys.readouterr().err
    assert f"setup {' '.join(words[:2])} -- {arguments}" in said
    assert f"For the help: setup {' '.join(words[:2])} {word}" in said


@pytest.mark.parametrize(
    "words",
    [("email", "add"), ("email", "add", "a@example.test", "secret"), ("quota", "set", "a@example.test")],
)
def test_help_elsewhere_is_help(setup: Run, words: tuple[str, ...]) -> None:
    """Where no password is missing, nothing else can be meant."""
    assert setup(*words, "-h") == 0
