"""Which of two versions of the image is older."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.image import is_older, newest

versions = st.sampled_from(["0.9", "1.0rc1", "1.0", "1.1", "2.0"])


@given(st.lists(versions | st.text("01.rcv-", max_size=5), min_size=3, max_size=3))
def test_versions_are_ordered(three: list[str]) -> None:
    """No version is older than itself, two are not older than each other, and what is older stays so."""
    a, b, c = three
    assert not is_older(a, a)
    assert not (is_older(a, b) and is_older(b, a))
    assert not (is_older(a, b) and is_older(b, c)) or is_older(a, c)
    assert not is_older(newest(a, b), b) or not a


@pytest.mark.parametrize(
    ("older", "later"),
    [
        ("0.9", "0.10"),
        ("1.0rc1", "1.0"),
        ("1.0-rc.1", "1.0-rc.2"),
        ("1.0.dev3", "1.0a1"),
        ("1", "1.0.1"),
        ("v1", "v2"),
    ],
)
def test_a_version_comes_before_another(older: str, later: str) -> None:
    """Numbers are numbers, and what leads to a version comes before it."""
    assert is_older(older, later)
    assert not is_older(later, older)


@pytest.mark.parametrize(
    ("one", "other"), [("1.0", "1"), ("1.0+debian", "1.0"), ("", "1"), ("nightly", "1.0")]
)
def test_neither_of_two_versions_is_older(one: str, other: str) -> None:
    """They are the same, or one is none that can be ordered."""
    assert not is_older(one, other)
    assert not is_older(other, one)
