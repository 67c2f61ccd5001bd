"""mailserver.env: one setting per line, `NAME=value`, as Compose reads an env_file.

Quotes around the whole value, ' or ", keep what is between them as it is. Without quotes the white space
around the value does not belong to it, and neither does what follows a # behind white space. A byte order
mark at the start is passed over, as Docker and Compose do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from controlplane.errors import Problem, Refused
from controlplane.sealing import is_sealed_value
from controlplane.settings import catalog
from controlplane.statefiles.lines import Lines
from controlplane.statefiles.parsed import MAX_PROBLEMS, Parsed, Place, printable

PATH = "mailserver.env"

_NAME = re.compile(r"(?P<before>\ufeff?\s*(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=)(?P<rest>.*)", re.DOTALL)
_MEANT = re.compile(
    r"\ufeff?\s*(?:(?:export|set|-)\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"\s*[=:]\s*(?![ ,#])(?P<value>\S(?:.*\S)?)"
)
"""What people write who mean `NAME=value`: as a shell or Compose takes it."""
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_COMMENT = re.compile(r"\s+#|\s*$")
_SOUNDS_SECRET = re.compile(r"PASS|PW|SECRET|KEY|TOKEN|CREDENTIAL", re.IGNORECASE)
_SHAPE = "write NAME=value"


class Entry(NamedTuple):
    """A line taken apart; joined, `before`, `written` and `after` are the line."""

    name: str
    before: str
    written: str
    after: str
    value: str
    fault: str


class WrittenValue(NamedTuple):
    """A value where it stands: offsets in the text, quotes included."""

    name: str
    value: str
    start: int
    end: int


def written_values(text: str) -> Iterator[WrittenValue]:
    """All values of the text in order, except on lines that `parse` refuses."""
    start = 0
    for line in text.split("\n"):
        entry = None if _is_silent(line) else take_apart(line)
        if entry is not None and not entry.fault:
            begin = start + len(entry.before)
            yield WrittenValue(entry.name, entry.value, begin, begin + len(entry.written))
        start += len(line) + 1


def misplaced_secret(line: str) -> tuple[int, int]:
    """Where a line that `parse` refuses holds what may be a password: offsets in it; nothing: (0, 0)."""
    found = None if _is_silent(line) else _MEANT.match(line)
    if found is None or found["name"].endswith("__FILE") or not may_be_secret(found["name"].upper()):
        return 0, 0
    entry = take_apart(line)
    is_taken = entry is not None and not entry.fault and entry.name in catalog.SETTINGS
    return (0, 0) if is_taken or is_sealed_value(found["value"]) else found.span("value")


def parse(text: str, path: str = PATH) -> Parsed[str]:
    """The text of each setting, and all problems. An empty text stands for the default."""
    rows: dict[str, str] = {}
    places: dict[str, Place] = {}
    problems: list[Problem] = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if _is_silent(line):
            continue
        entry = take_apart(line)
        place = Place(path, number, line.strip(), masked(line))
        fault = _misshapen(line, entry, place)
        if fault is None and entry is not None and entry.name in rows:
            fault = _twice(entry.name, places[entry.name].line, place)
        if fault is not None or entry is None:
            problems += [fault] if fault else []
        else:
            rows[entry.name], places[entry.name] = entry.value, place
    misfits = catalog.problems(rows)
    problems += [_misfit(name, rows[name], places[name], *misfits[name]) for name in misfits]
    kept = {name: value for name, value in rows.items() if name not in misfits}
    return Parsed(kept, tuple(sorted(problems)[:MAX_PROBLEMS]))


def masked(line: str) -> str:
    """The line as it may be shown: without its value if that may be a secret."""
    entry = take_apart(line)
    if entry is None:
        word = re.match(r"\s*(?:export\s+)?[A-Z][A-Z0-9_]*\b", line)
        return f"{word[0].strip()} …" if word else "…"
    return f"{entry.before.strip()}…" if may_be_secret(entry.name) else line.strip()


def may_be_secret(name: str) -> bool:
    """Whether the value of this name must not be shown."""
    # a misspelt name may have been meant to be a secret one
    spec = catalog.SETTINGS.get(name) or catalog.SETTINGS.get(catalog.resembling(name) or "")
    if spec is not None and spec.secret:
        return True
    return name not in catalog.SETTINGS and _SOUNDS_SECRET.search(name) is not None


def line_of(text: str, name: str) -> int:
    """The line (from 1) that sets `name`; 0 if none does."""
    found = _find(Lines(text), name)
    return 0 if found is None else found + 1


def set_value(text: str, name: str, value: str) -> str:
    """The text with `name` set: on its line, else below its line in a comment, else at the end.

    Refused for a name or value that `parse` would not take.
    """
    if wrong := catalog.problem(name, value):
        raise Refused.because(*wrong, path=PATH)
    written, lines = _written(name, value), Lines(text)
    at = _find(lines, name)
    if at is not None and (entry := take_apart(lines[at])) is not None:
        return lines.replace(at, f"{entry.before}{written}{entry.after}".rstrip("\r"))
    example = re.compile(rf"#\s*{name}=")
    below = lines.find(lambda line: bool(example.match(line)))
    if below is None:
        return lines.append(f"{name}={written}")
    comment, end = (lines[below][:-1], "\r\n") if lines[below].endswith("\r") else (lines[below], "\n")
    return lines.replace(below, f"{comment}{end}{name}={written}")


def unset(text: str, name: str) -> str:
    """The text without any line that sets `name`; comments stay."""
    while (at := _find(Lines(text), name)) is not None:
        text = Lines(text).delete(at)
    return text


def to_defaults(text: str) -> str:
    """The text with each line that sets something as a comment that shows the documented default."""
    for name in parse(text).rows:
        while (at := _find(Lines(text), name)) is not None:
            text = Lines(text).replace(at, f"#{name}={catalog.SETTINGS[name].default}")
    return text


def _is_silent(line: str) -> bool:
    visible = line.removeprefix("\ufeff").strip()
    return not visible or visible[0] == "#"


def _find(lines: Lines, name: str) -> int | None:
    def sets(line: str) -> bool:
        entry = None if _is_silent(line) else take_apart(line)
        return entry is not None and entry.name == name

    return lines.find(sets)


def take_apart(line: str) -> Entry | None:
    """The parts of a line that sets something; None for other lines."""
    shape = _NAME.fullmatch(line)
    if shape is None:
        return None
    rest = shape["rest"]
    bare = rest.lstrip()
    before = shape["before"] + rest[: len(rest) - len(bare)]
    if bare[:1] in ("'", '"'):
        return _quoted(shape["name"], before, bare)
    comment = re.search(r"\s+#", rest)
    value = (rest[: comment.start()] if comment else rest).strip()
    if not value:
        return Entry(shape["name"], shape["before"], "", rest, "", "")
    return Entry(shape["name"], before, value, bare[len(value) :], value, "")


def _quoted(name: str, before: str, bare: str) -> Entry:
    close = bare.find(bare[0], 1)
    if close < 0:
        return Entry(name, before, bare, "", "", f"the quote {bare[0]} is not closed")
    written, after = bare[: close + 1], bare[close + 1 :]
    fault = "" if _COMMENT.match(after) else "there is text behind the closing quote"
    return Entry(name, before, written, after, written[1:-1], fault)


def _written(name: str, value: str) -> str:
    """The value as it stands in the file, quoted where it must be."""
    entry = take_apart(f"{name}={value}")
    if entry is not None and entry.value == value and not entry.fault:
        return value
    quote = next((mark for mark in ("'", '"') if mark not in value), None)
    if quote is None:
        cure = "leave out one kind of quotes, or the white space around the value"
        raise Refused.because(f"{name} cannot hold both kinds of quotes here", cure, PATH)
    return f"{quote}{value}{quote}"


def _misshapen(line: str, entry: Entry | None, place: Place) -> Problem | None:
    if _CONTROL.search(line.rstrip("\r")):
        return place.problem("the line holds a control character", "type the line anew")
    if entry is None and line.lstrip().startswith("export "):
        return place.problem("this is not a shell script: export has no place here", _SHAPE, "export")
    if entry is None:
        return place.problem("the line sets nothing", f"{_SHAPE}, or put a # before a comment")
    if entry.fault:
        cure = "put the same quote before and behind the value, and none within"
        return place.problem(f"{entry.name}: {entry.fault}", cure, entry.written)
    return None


def _twice(name: str, first: int, place: Place) -> Problem:
    return place.problem(f"{name} is set already, on line {first}", "keep one of the two lines", name)


def _misfit(name: str, value: str, place: Place, message: str, cure: str) -> Problem:
    if name not in catalog.SETTINGS:
        return place.problem(message, cure, name)
    problem = place.problem(message, cure)
    shown = printable(value)
    at = problem.excerpt.find(shown, problem.excerpt.find("=") + 1)
    return problem if at < 0 else replace(problem, column=at + 1, length=len(shown))
