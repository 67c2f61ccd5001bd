"""Values stay in their place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderers.text import Unprintable, lines, one_line, postfix, quoted, ucl


@pytest.mark.parametrize("value", ["a\nb", "a\x00", "a\rb", "\x7f", "a\u2028b", "a\x85b", "\x0b"])
def test_control_characters_are_refused(value: str) -> None:
    """No value can end its line."""
    with pytest.raises(Unprintable):
        one_line(value)


@pytest.mark.parametrize("value", [True, None, ["a"], b"a"])
def test_values_without_a_spelling_are_refused(value: object) -> None:
    """A truth value or a list printed by mistake is an error, not a word of Python's."""
    with pytest.raises(Unprintable):
        one_line(value)


def test_rows_are_checked_too() -> None:
    """A row of a map cannot become two."""
    with pytest.raises(Unprintable):
        lines(["a\tb", "c\nd\te"])
    with pytest.raises(Unprintable):
        lines(["a\tb\r"])
    assert lines([]) == b""
    assert lines(["a\tb", "c\td"]) == b"a\tb\nc\td\n"


def test_postfix_does_not_expand_values() -> None:
    """A dollar sign of a value names no parameter."""
    assert postfix("a$b") == "a$$b"


@given(st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp"))))
def test_quotes_end_where_they_should(value: str) -> None:
    """A quoted value reads back as itself."""
    inner = quoted(value)[1:-1]
    assert '"' not in inner.replace("\\\\", "").replace('\\"', "")
    assert inner.replace('\\"', '"').replace("\\\\", "\\") == value or "\\" in value
    assert ucl(value).startswith('"')
