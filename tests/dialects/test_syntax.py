"""Configuration text is read as Dovecot reads it, and no byte of it is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderers.dovecot.dialects.syntax import Kind, read, text_of, written

TEXTS = (
    "",
    "\n\n",
    "a = b\r\n# c\r\n",
    'login_greeting = "a # b" # c\n',
    "mail_home = \\\n  # between\n  /x \\\n\n  y\n",
    "service imap {\n  client_limit = 3\n}\n",
)


@pytest.mark.parametrize("text", TEXTS)
def test_nothing_is_lost(text: str) -> None:
    """The sources of the lines make the text again."""
    assert text_of(read(text)) == text


@given(st.text(alphabet="ab={}\\#\"' \t\n\r<$", max_size=80))
def test_nothing_is_lost_of_any_text(text: str) -> None:
    """Whatever the text is, also one that Dovecot refuses."""
    assert text_of(read(text)) == text


@pytest.mark.parametrize(
    ("text", "value", "quoted"),
    [
        ("a = b", "b", False),
        ("a=b#c", "b", False),
        ("a =   b   c  # d", "b   c", False),
        ('a = "b # c" # d', "b # c", True),
        ("a = 'b\"c'", 'b"c', True),
        ('a = "b \\"c\\" "', 'b "c" ', True),
        ("a = it's # x", "it's # x", False),
        ("a =", "", False),
        ("a = b {", "b {", False),
        ("a = \\\n  b\\\n# no\n  c", "b c", False),
        ("a = </etc/x", "</etc/x", False),
    ],
)
def test_values_are_read_as_dovecot_reads_them(text: str, value: str, quoted: bool) -> None:
    """Quotes, comments and continuations (doveconf 2.3.19.1 and 2.4.1 say the same of each)."""
    (line,) = read(text)
    assert (line.kind, line.name, line.value, line.quoted) == (Kind.SETTING, "a", value, quoted)


def test_blocks_know_what_is_in_them() -> None:
    """Each line knows its block, and a block its lines and its own block."""
    lines = read('service a {\n  unix_listener "b c" {\n    mode = 0600\n  }\n}\nlisten = *\n')
    mode = lines[2]
    assert [(section.kind, section.label) for section in mode.around] == [
        ("unix_listener", "b c"),
        ("service", "a"),
    ]
    assert mode.within is not None
    assert mode.within.get("mode") is mode
    assert mode.within.closed
    assert lines[5].within is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("plugin { a = b }", "text after '{'"),
        ("service imap{", "neither"),
        ("key", "neither"),
        ("}", "no section"),
        ("= b", "neither"),
        ("a = b \\", "nothing follows"),
    ],
)
def test_what_dovecot_refuses_is_wrong(text: str, said: str) -> None:
    """A line of no known form says what is wrong with it."""
    (line,) = read(text)
    assert line.kind is Kind.WRONG
    assert said in line.wrong


@given(st.text(alphabet="ab \t\"'#\\<$%", max_size=12))
def test_what_is_written_is_read_back(value: str) -> None:
    """Quotes are put where a value would not be read back without."""
    (line,) = read(f"a = {written(value, literal=True)}")
    assert line.value == value


def test_includes_are_read() -> None:
    """`!include` and `!include_try` with a path."""
    lines = read("!include conf.d/*.conf\n!include_try local.conf # mine\n")
    assert [(line.kind, line.name, line.value) for line in lines[:2]] == [
        (Kind.INCLUDE, "!include", "conf.d/*.conf"),
        (Kind.INCLUDE, "!include_try", "local.conf"),
    ]
