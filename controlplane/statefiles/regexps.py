"""postfix-regexp.cf: one expression per entry, `/pattern/flags target[,target…]` (pcre_table(5)).

Asked after postfix-virtual.cf; the first expression that matches wins, so that the order has a meaning.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator

from controlplane.errors import Problem
from controlplane.model import RegexpAlias
from controlplane.statefiles import targets
from controlplane.statefiles.continuation_lines import LogicalLine, logical_lines
from controlplane.statefiles.parsed import MAX_PROBLEMS, Parsed, Place

PATH = "config/postfix-regexp.cf"
_SHAPE = "write /expression/, a space, and targets separated by commas"
_ENTRY = re.compile(
    r"(?P<pattern>!?(?P<mark>[^\w\s])(?P<body>(?:\\.|(?!(?P=mark))[^\\])*)(?P=mark)\w*)(?:\s+(?P<rest>.*))?"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_CERTAIN = (
    "missing )",
    "unbalanced parenthesis",
    "unterminated character set",
    "nothing to repeat",
    "bad character range",
    "bad escape (end of pattern)",
)
"""Complaints of `re` that PCRE shares; whatever else it dislikes is left to Postfix itself."""


def parse(text: str, path: str = PATH) -> Parsed[RegexpAlias]:
    """All expressions of the text, and all problems that can be found without Postfix."""
    rows: dict[str, RegexpAlias] = {}
    problems: list[Problem] = []
    for entry in logical_lines(text):
        if len(problems) >= MAX_PROBLEMS:
            break
        place = Place(path, entry.numbers[0] + 1, entry.parts[0].strip())
        if found_control := _CONTROL.search(entry.text):
            message = f"the line has a control character (0x{ord(found_control[0]):02x})"
            problems.append(place.problem(message, "write the line anew; \\t and the like stand for one"))
            continue
        shape = None if entry.is_orphan else _ENTRY.fullmatch(entry.text)
        if shape is None:
            problems.append(_malformed(entry, place))
            continue
        pattern, rest = shape["pattern"], shape["rest"] or ""
        found = list(_problems(entry, shape, place))
        if not found and pattern in rows:
            found = [
                place.problem(
                    f"{pattern} is there already; the first one wins", "keep one of the two", pattern
                )
            ]
        if found:
            problems += found
        else:
            rows[pattern] = RegexpAlias(pattern, targets.split(rest))
    return Parsed(rows, tuple(problems))


def entries(text: str) -> Iterator[tuple[str, list[int]]]:
    """Each expression, and the numbers of its lines (from 0)."""
    for entry in logical_lines(text):
        shape = _ENTRY.fullmatch(entry.text)
        yield shape["pattern"] if shape else "", entry.numbers


def _malformed(entry: LogicalLine, place: Place) -> Problem:
    word = entry.text.split()[0].lower()
    if word in ("if", "endif"):
        return place.problem(f"{word} is not supported here", "write one expression for each case", word)
    if entry.is_orphan:
        return place.problem("the line starts with white space but goes on with no expression", _SHAPE)
    return place.problem("the line is not an expression between two slashes", _SHAPE)


def _problems(entry: LogicalLine, shape: re.Match[str], place: Place) -> Iterator[Problem]:
    body, rest = shape["body"], shape["rest"] or ""
    fault, groups = examine(body)
    if fault:
        yield place.problem(
            f"broken regular expression: {fault}", "correct the expression (pcre_table(5))", body
        )
    if not targets.split(rest):
        yield place.problem("the expression has no target", _SHAPE)
    if groups is not None and targets.highest_substitution(rest) > groups:
        message = f"a target asks for group {targets.highest_substitution(rest)}, the expression has {groups}"
        yield place.problem(message, "put parentheses around what the target needs")
    for culprit, message, cure in targets.complaints(rest, targets.is_substituted):
        line, text = entry.locate(culprit)
        yield Place(place.path, line, text).problem(message, cure, culprit)


def examine(body: str) -> tuple[str, int | None]:
    """A certain fault of an expression ("" for none), and its number of groups if they can be counted."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # [[:alpha:]] means something to PCRE that it does not to Python
            return "", re.compile(body).groups
    except re.error as error:
        certain = any(str(error.msg).startswith(known) for known in _CERTAIN)
        return (str(error.msg) if certain else ""), None
    except (RecursionError, OverflowError):
        return "too deeply nested", None
