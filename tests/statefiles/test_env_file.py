"""mailserver.env: what it says, what is wrong with it, and edits that keep the rest."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from controlplane.errors import Refused
from controlplane.settings.catalog import SETTINGS, problem
from controlplane.statefiles import env_file

FREE = ["SPAM_SUBJECT", "POSTGREY_TEXT", "LDAP_BIND_PW"]
VALUES = st.one_of(
    st.tuples(st.sampled_from(FREE), st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]))),
    st.sampled_from([(name, spec.sample) for name, spec in SETTINGS.items()]),
)
OTHER_LINES = st.lists(
    st.sampled_from(
        ["# a comment", "", "  # TZ=UTC", "#TZ=", "ENABLE_POP3=1", " ENABLE_IMAP = 0  # no", "\t"]
    ),
    unique=True,
)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("SPAM_SUBJECT=[SPAM]", "[SPAM]"),
        ("SPAM_SUBJECT='[SPAM] '", "[SPAM] "),
        ('SPAM_SUBJECT="it\'s "', "it's "),
        ("SPAM_SUBJECT= [SPAM] ", "[SPAM]"),
        ("SPAM_SUBJECT=it's", "it's"),
        ("SPAM_SUBJECT=a=b", "a=b"),
        ("SPAM_SUBJECT=a#b", "a#b"),
        ("SPAM_SUBJECT=#b", "#b"),
        ("SPAM_SUBJECT=a #b", "a"),
        ("SPAM_SUBJECT='a #b' # c", "a #b"),
        ("SPAM_SUBJECT= # c", ""),
        ("SPAM_SUBJECT=", ""),
        ("SPAM_SUBJECT=''", ""),
        ("  SPAM_SUBJECT = x\r", "x"),
        ("SPAM_SUBJECT=$HOME \\n", "$HOME \\n"),
    ],
)
def test_value_of_a_line(line: str, value: str) -> None:
    """Quotes keep what is between them; without them white space and comments go."""
    parsed = env_file.parse(line)
    assert parsed.problems == ()
    assert parsed.rows == {"SPAM_SUBJECT": value}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("ENABLE_RSPAMD", "the line sets nothing"),
        ("=1", "the line sets nothing"),
        ("export TZ=UTC", "this is not a shell script"),
        ("ENABLE_RSPAMD=yes", 'ENABLE_RSPAMD must be 0 or 1, not "yes"'),
        ("ENABEL_RSPAMD=1", "ENABEL_RSPAMD is not a setting; did you mean ENABLE_RSPAMD?"),
        ("SPAM_SUBJECT='x", "SPAM_SUBJECT: the quote ' is not closed"),
        ("SPAM_SUBJECT='x'y", "SPAM_SUBJECT: there is text behind the closing quote"),
        ("SPAM_SUBJECT=a\0b", "the line holds a control character"),
        ("SPAM_SUBJECT=a\rb", "the line holds a control character"),
        ("SPAM_SUBJECT=a\tb", "SPAM_SUBJECT must be text on one line"),
    ],
)
def test_a_bad_line_is_told_with_its_place(line: str, message: str) -> None:
    """Each mistake is a problem with line, cure and excerpt."""
    [found] = env_file.parse(f"# first\n{line}\n").problems
    assert found.message.startswith(message)
    assert (found.path, found.line) == ("mailserver.env", 2)
    assert found.cure
    assert found.excerpt


def test_every_problem_is_told_in_order() -> None:
    """One push reports all mistakes, by line, each pointing at what is wrong."""
    parsed = env_file.parse("GETMAIL_POLL=99\n\nx\nENABLE_OAUTH2=2\nTZ=UTC\nTZ=UTC\n")
    assert [(p.line, p.excerpt[p.column - 1 :][: p.length]) for p in parsed.problems] == [
        (1, "99"),
        (3, ""),
        (4, "2"),
        (6, "TZ"),
    ]
    assert parsed.problems[2].column == len("ENABLE_OAUTH2=2")
    assert parsed.rows == {"TZ": "UTC"}


@pytest.mark.parametrize(
    "line",
    [
        "RELAY_PASSWORD='hunter2",
        "RELAY_PASSWORD=hunter2\x01",
        "RELAY_PASWORD=hunter2",
        "SOME_TOKEN=hunter2",
        "hunter2",
        "RELAY_PASSWORD hunter2",
        "export RELAY_PASSWORD=hunter2",
        "RELAY_PASSWORD=x\nRELAY_PASSWORD=hunter2",
    ],
)
def test_no_problem_shows_a_secret(line: str) -> None:
    """A password that stands in a wrong line is not repeated anywhere."""
    parsed = env_file.parse(line)
    assert parsed.problems
    assert "hunter2" not in str([problem.as_dict() for problem in parsed.problems])


def test_set_takes_the_place_of_the_value() -> None:
    """An edit keeps the order, the comments, the white space and the line ends of the others."""
    text = "# mine\r\n TZ = UTC  # why\r\n\r\nENABLE_POP3=1"
    assert env_file.set_value(text, "TZ", "Europe/Berlin") == text.replace("UTC", "Europe/Berlin")
    assert env_file.set_value(text, "ENABLE_POP3", "0") == text.replace("POP3=1", "POP3=0")


def test_set_goes_below_the_commented_example() -> None:
    """In the annotated file a new line lands beside its explanation, else at the end."""
    text = "# The zone.\n#TZ=\n\nENABLE_POP3=1\n"
    assert env_file.set_value(text, "TZ", "UTC") == "# The zone.\n#TZ=\nTZ=UTC\n\nENABLE_POP3=1\n"
    assert env_file.set_value("ENABLE_POP3=1", "TZ", "UTC") == "ENABLE_POP3=1\nTZ=UTC\n"
    assert env_file.set_value("#TZ=\r\n", "TZ", "UTC") == "#TZ=\r\nTZ=UTC\r\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [("ENABEL_RSPAMD", "1"), ("ENABLE_RSPAMD", "yes"), ("SPAM_SUBJECT", "a\nTZ=b"), ("SPAM_SUBJECT", " '\"")],
)
def test_set_refuses_what_could_not_be_read(name: str, value: str) -> None:
    """An edit never makes a file that a push would be refused for."""
    with pytest.raises(Refused):
        env_file.set_value("", name, value)


def test_unset_takes_out_each_line_of_a_name() -> None:
    """The setting is gone, everything else is as it was."""
    assert env_file.unset("# TZ=a\nTZ=b\nENABLE_POP3=1\n TZ=c", "TZ") == "# TZ=a\nENABLE_POP3=1"
    assert env_file.unset("ENABLE_POP3=1\n", "TZ") == "ENABLE_POP3=1\n"


def test_line_of_a_setting() -> None:
    """The line that sets a name counts from 1; a comment sets nothing."""
    assert env_file.line_of("#TZ=a\n\nTZ=b\n", "TZ") == 3
    assert env_file.line_of("#TZ=a\n", "TZ") == 0


@given(OTHER_LINES, VALUES, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_was_set_is_read_back_and_the_rest_is_kept(
    lines: list[str], change: tuple[str, str], end: str, closed: bool
) -> None:
    """parse(set(text)) is parse(text) with the one value, and unset takes away that alone."""
    name, value = change
    assume(problem(name, value) is None)
    assume(not ("'" in value and '"' in value))
    text = end.join(lines) + (end if closed and lines else "")
    before = env_file.parse(text).rows
    changed = env_file.set_value(text, name, value)
    assert env_file.parse(changed).problems == ()
    assert env_file.parse(changed).rows == {**before, name: value}
    left = env_file.unset(changed, name)
    assert env_file.parse(left).rows == {key: text for key, text in before.items() if key != name}
    others = [line for line in lines if not line.startswith((f"{name}=", f" {name} ="))]
    assert [line.rstrip("\r") for line in left.split("\n") if line.strip()] == [
        line for line in others if line.strip()
    ]


@given(st.text())
def test_any_text_can_be_parsed(text: str) -> None:
    """Parsing never fails: it gives rows, or problems with a place."""
    parsed = env_file.parse(text)
    assert all(1 <= problem.line <= text.count("\n") + 1 for problem in parsed.problems)
