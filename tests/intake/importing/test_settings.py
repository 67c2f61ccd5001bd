"""A mailserver.env as container engines read it becomes one that `main` takes."""

from __future__ import annotations

import pytest

from controlplane.intake.importing.clear_secrets import Sealer
from controlplane.intake.importing.settings import Adapted, adapt
from controlplane.model import Pin
from controlplane.statefiles import env_file


def taken(text: str, sealer: Sealer, **pins: str) -> Adapted:
    """The adapted file, which has to be sound."""
    found = adapt(text.encode(), sealer, {name: Pin(name, value) for name, value in pins.items()})
    assert found.problems == []
    assert len(found.text.split("\n")) == len(text.split("\n")), "lines must stay where they were"
    return found


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("TZ=Europe/Berlin", "TZ", "Europe/Berlin"),
        ("\ufeffENABLE_POP3=1", "ENABLE_POP3", "1"),
        ("export ENABLE_POP3=1", "ENABLE_POP3", "1"),
        ("SPAM_SUBJECT='[SPAM] '", "SPAM_SUBJECT", "[SPAM] "),
        ('SPAM_SUBJECT="[SPAM] "\r', "SPAM_SUBJECT", "[SPAM] "),
        ("ENABLE_POP3=0\n# between\nENABLE_POP3=1", "ENABLE_POP3", "1"),
        ("POSTFIX_MAILBOX_SIZE_LIMIT=", "POSTFIX_MAILBOX_SIZE_LIMIT", ""),
        ("SPAM_SUBJECT=$HOME", "SPAM_SUBJECT", "$HOME"),
    ],
)
@pytest.mark.shows("environment")
def test_what_engines_take_is_taken(sealer: Sealer, text: str, name: str, value: str) -> None:
    """Quotes go, the last of two counts, a mark or an export before a name does not matter."""
    found = taken(text, sealer)
    assert found.rows == {name: value}
    assert env_file.parse(found.text).rows == {name: value}


def test_comments_and_order_survive(sealer: Sealer) -> None:
    """A file without surprises is taken to the letter."""
    text = "# ours\n\nENABLE_POP3=1  # for the old phone\nTZ=UTC\n"
    assert taken(text, sealer).text == text


@pytest.mark.parametrize(
    ("text", "note", "line"),
    [
        ("ONE_DIR=1", "no setting here", "# ONE_DIR=1"),
        ("ENABEL_POP3=1", "did you mean ENABLE_POP3?", "# ENABEL_POP3=1"),
        ("MY_PASSWORD=hunter2", "no setting here", "# MY_PASSWORD=…"),
        ("RELAY_PASSWORD__FILE=/run/secrets/relay", "container's environment", "# RELAY_PASSWORD__FILE=…"),
        ("TZ", "the host's", "# TZ"),
    ],
)
def test_what_means_nothing_becomes_a_comment(sealer: Sealer, text: str, note: str, line: str) -> None:
    """It is reported, with what to do, and never holds up the rest; what may be a secret is not repeated."""
    found = taken(f"ENABLE_POP3=1\n{text}\n", sealer)
    [item] = [item for item in found.items.values() if item.done == "left out"]
    assert note in item.note
    assert item.line == 2
    assert found.text.split("\n")[1] == line


def test_a_password_is_sealed_in_its_line(sealer: Sealer) -> None:
    """Only the server can read it, and the import says so."""
    found = taken("RELAY_USER=us\nRELAY_PASSWORD='hunter2'\n", sealer)
    assert "hunter2" not in found.text
    assert found.items["RELAY_PASSWORD"].sealed
    assert sealer.plain(env_file.parse(found.text).rows["RELAY_PASSWORD"]) == "hunter2"


def test_effects_are_told(sealer: Sealer) -> None:
    """Supported, coming later, pinned."""
    found = taken("TLS_LEVEL=modern\nENABLE_CLAMAV=1\n", sealer, TLS_LEVEL="intermediate")
    assert found.items["TLS_LEVEL"].support == "supported"
    assert "pinned by the environment to 'intermediate'" in found.items["TLS_LEVEL"].note
    assert found.items["ENABLE_CLAMAV"].support == "later"


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"TZ=UTC\nENABLE_POP3=yes\n", 2, 'ENABLE_POP3 must be 0 or 1, not "yes"'),
        (b"SPAM_SUBJECT='[SPAM]\n", 1, "the quote ' is not closed"),
        (b"TZ=UTC\nSPAM_SUBJECT=\xff\n", 2, "not UTF-8"),
        (b"SPAM_SUBJECT=a\x1b[2J\n", 1, "control character"),
        (b"what is this\n", 1, "the line sets nothing"),
    ],
)
def test_mistakes_have_their_line(sealer: Sealer, content: bytes, line: int, message: str) -> None:
    """A value that no server could use is a problem at its line of the given file."""
    [problem] = adapt(content, sealer, {}).problems
    assert (problem.path, problem.line) == ("mailserver.env", line)
    assert message in problem.message
    assert problem.cure
