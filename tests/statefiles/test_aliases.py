"""postfix-virtual.cf: what is read, what is refused, what an edit leaves alone."""

from __future__ import annotations

import pytest

from controlplane.errors import Refused
from controlplane.statefiles import aliases

TEXT = """# forwards
info@example.test user1@example.test
Sales@Example.test   user1@example.test, user2@example.test
\tUser3@example.test

@catch.test user1@example.test
@old.test @example.test
spam@example.test devnull
"""


def test_aliases_are_read() -> None:
    """Commas and white space separate targets, an entry may go on on the next line."""
    parsed = aliases.parse(TEXT)
    assert parsed.problems == ()
    assert {source: alias.targets for source, alias in parsed.rows.items()} == {
        "info@example.test": ("user1@example.test",),
        "sales@example.test": ("user1@example.test", "user2@example.test", "User3@example.test"),
        "@catch.test": ("user1@example.test",),
        "@old.test": ("@example.test",),
        "spam@example.test": ("devnull",),
    }


def test_crlf_means_the_same() -> None:
    """A file saved on Windows has the same aliases."""
    assert aliases.parse(TEXT.replace("\n", "\r\n")).rows == aliases.parse(TEXT).rows


def test_the_transcript_of_a_refused_target() -> None:
    """The piece between commas is reported as a whole, with its place."""
    (problem,) = aliases.parse("#\nx@example.test  not an address@@\n").problems
    assert problem.message == 'alias target "not an address@@" is not an address'
    assert problem.cure == "write one or more addresses, separated by commas"
    assert (problem.line, problem.column, problem.length) == (2, 17, 16)
    assert problem.excerpt == "x@example.test  not an address@@"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("x@example.test", "has no target"),
        ("x@example.test: y@example.test", "a colon belongs to the names of postfix-aliases.cf"),
        ("x@example.test\u200b y@example.test", "it has a space of no width (U+200B)"),
        ("\ufeffx@example.test y@example.test", "it has a byte order mark (U+FEFF)"),
        ("x@example.test ,", "has no target"),
        ("x y@example.test", 'alias "x" is not an address: there is no @'),
        ("example.test anything", "there is no @"),
        ("@ y@example.test", "the domain is empty"),
        ("../x@example.test y@example.test", "characters of a path"),
        ("x@example.test y@", 'alias target "y@" is not an address: the domain is empty'),
        ("x@example.test |/bin/sh", 'alias target "|/bin/sh" is not an address'),
        ("x@example.test /etc/passwd", 'alias target "/etc/passwd" is not an address'),
        ("x@example.test :include:/etc/passwd", "is not an address"),
        ("x@example.test @other.test", 'alias target "@other.test" is not an address'),
        ("  y@example.test", "goes on with no alias"),
        ("x@example.test y@exämple.test", "beyond ASCII"),
    ],
)
def test_a_malformed_line_is_refused(line: str, message: str) -> None:
    """Each mistake is reported where it is and with a cure."""
    (problem,) = aliases.parse(f"{line}\n").problems
    assert message in problem.message
    assert (problem.path, problem.line) == ("config/postfix-virtual.cf", 1)
    assert problem.cure


def test_a_first_line_that_goes_on_with_nothing_is_refused() -> None:
    """Sound as it looks, Postfix passes over a first line that starts with white space (postmap(1))."""
    parsed = aliases.parse("  a@example.test b@example.test\n")
    assert parsed.rows == {}
    assert "starts with white space" in parsed.problems[0].message


def test_the_line_of_a_continued_target_is_named() -> None:
    """A mistake on a continuation line is reported there, not where the alias starts."""
    (problem,) = aliases.parse("x@example.test y@example.test,\n# why\n  z@@example.test\n").problems
    assert (problem.line, problem.excerpt) == (3, "z@@example.test")


def test_the_same_alias_twice_is_refused() -> None:
    """Postfix would take one of the two lines and drop the other."""
    (problem,) = aliases.parse("x@example.test a@b.test\nX@example.test c@d.test\n").problems
    assert problem.message == "alias x@example.test is there already, on line 1"
    assert problem.cure == "put all its targets on one line, separated by commas"


def test_a_new_alias_is_a_line_at_the_end() -> None:
    """Everything before it stays byte for byte."""
    assert aliases.add(TEXT, "new@example.test", "a@b.test") == f"{TEXT}new@example.test a@b.test\n"


def test_a_further_target_joins_the_line() -> None:
    """As `setup alias add` does it: comma separated, behind the targets there are."""
    expected = TEXT.replace(
        "info@example.test user1@example.test", "info@example.test user1@example.test,a@b.test"
    )
    assert aliases.add(TEXT, "INFO@example.test", "a@b.test") == expected
    expected = TEXT.replace("User3@example.test", "User3@example.test,a@b.test")
    assert aliases.add(TEXT, "sales@example.test", "a@b.test") == expected


def test_one_target_of_many_is_removed() -> None:
    """The alias and its other targets stay."""
    text = aliases.remove(TEXT, "sales@example.test", "USER2@example.test")
    assert aliases.parse(text).rows["sales@example.test"].targets == (
        "user1@example.test",
        "User3@example.test",
    )
    assert "Sales@Example.test user1@example.test,User3@example.test\n\n@catch" in text


@pytest.mark.parametrize("target", ["", "user1@example.test"])
def test_the_last_target_takes_the_line_along(target: str) -> None:
    """An alias without a target would be an error of its own."""
    expected = TEXT.replace("info@example.test user1@example.test\n", "")
    assert aliases.remove(TEXT, "info@example.test", target) == expected


def test_a_comment_within_an_entry_survives_its_removal() -> None:
    """Only the lines of the entry go."""
    text = "x@example.test a@b.test,\n# why\n  c@d.test\ny@example.test a@b.test\n"
    assert aliases.remove(text, "x@example.test") == "# why\ny@example.test a@b.test\n"


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda: aliases.add(TEXT, "info@example.test", "USER1@example.test"), "leads to .* already"),
        (lambda: aliases.add(TEXT, "info", "a@b.test"), "there is no @"),
        (lambda: aliases.add(TEXT, "x@example.test", "a@b@c.test"), "is not an address"),
        (
            lambda: aliases.add(TEXT, "x@example.test", "a@b.test\ny@example.test c@d.test"),
            "is not an address",
        ),
        (lambda: aliases.remove(TEXT, "nfo@example.test"), "there is no alias"),
        (lambda: aliases.remove(TEXT, "info@example.test", "a@b.test"), "does not lead to"),
    ],
)
def test_an_edit_that_makes_no_sense_is_refused(edit: object, message: str) -> None:
    """The text stays as it is, and the refusal says why."""
    with pytest.raises(Refused, match=message):
        edit()  # type: ignore[operator]
