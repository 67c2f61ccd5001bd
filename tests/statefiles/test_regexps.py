"""postfix-regexp.cf: what is read and what is refused without asking Postfix."""

from __future__ import annotations

import pytest

from controlplane.statefiles import regexps


@pytest.mark.shows("postfix-regexp.cf")
def test_expressions_are_read_as_written_in_their_order() -> None:
    """Delimiters and flags belong to the key; groups may stand in targets."""
    text = """# tests
/^test[0-9][0-9]*@example.com/ qa@example.com
!/^a\\/b@/i  user1@example.test,
  user2@example.test
|^(.*)-x@(.*)$|   $1@${2}
/^[[:alpha:]]+(?>x)\\h@/ devnull
"""
    parsed = regexps.parse(text)
    assert parsed.problems == ()
    assert [(row.pattern, row.targets) for row in parsed.rows.values()] == [
        ("/^test[0-9][0-9]*@example.com/", ("qa@example.com",)),
        ("!/^a\\/b@/i", ("user1@example.test", "user2@example.test")),
        ("|^(.*)-x@(.*)$|", ("$1@${2}",)),
        ("/^[[:alpha:]]+(?>x)\\h@/", ("devnull",)),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("/(x/ a@b.test", "broken regular expression: missing )"),
        ("/[x/ a@b.test", "broken regular expression: unterminated character set"),
        ("/*x/ a@b.test", "broken regular expression: nothing to repeat"),
        ("/x)/ a@b.test", "broken regular expression: unbalanced parenthesis"),
        ("/x a@b.test", "not an expression between two slashes"),
        ("x@example.test a@b.test", "not an expression between two slashes"),
        ("/x/", "has no target"),
        ("/(x)/ $2@b.test", "asks for group 2, the expression has 1"),
        ("/x/ not an address@@", 'alias target "not an address@@" is not an address'),
        ("if /x/", "if is not supported here"),
        ("  /x/ a@b.test", "goes on with no expression"),
    ],
)
def test_a_malformed_line_is_refused(line: str, message: str) -> None:
    """Each mistake is reported where it is and with a cure."""
    (problem,) = regexps.parse(f"{line}\n").problems
    assert message in problem.message
    assert (problem.path, problem.line) == ("config/postfix-regexp.cf", 1)
    assert problem.cure


def test_the_same_expression_twice_is_refused() -> None:
    """The second would never be asked."""
    (problem,) = regexps.parse("/x/ a@b.test\n/x/ c@d.test\n").problems
    assert (problem.line, "is there already" in problem.message) == (2, True)


def test_a_hostile_line_costs_no_time() -> None:
    """Many backslashes without an end are refused at once, not tried in every combination."""
    (problem,) = regexps.parse("/" + "\\\\" * 5000 + " a@b.test").problems
    assert "not an expression" in problem.message


@pytest.mark.parametrize("sign", ["\r", "\x00", "\x0b", "\x1b", "\x7f"])
def test_a_control_character_in_an_expression_is_refused(sign: str) -> None:
    """It would break the row that Postfix reads."""
    (problem,) = regexps.parse(f"# x\n/^a{sign}b@c\\.test$/ d@c.test\n").problems
    assert problem.line == 2
    assert problem.message == f"the line has a control character (0x{ord(sign):02x})"
