"""postfix-virtual.cf: one alias per entry, `source target[,target…]` (virtual(5)).

The source is an address, or `@domain` for everything else in a domain. The order has no meaning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from controlplane import addresses
from controlplane.errors import Problem, Refused
from controlplane.model import Alias
from controlplane.statefiles import targets
from controlplane.statefiles.continuation_lines import LogicalLine, logical_lines
from controlplane.statefiles.lines import Lines, append_line
from controlplane.statefiles.parsed import MAX_PROBLEMS, Parsed, Place, printable

PATH = "config/postfix-virtual.cf"
_SHAPE = "write the alias, a space, and its targets separated by commas"

_ADDRESS = f"{addresses.LOCAL_PATTERN}@{addresses.DOMAIN_PATTERN}"
_PLAIN = re.compile(rf"{_ADDRESS}[ \t]+{_ADDRESS}(?:[ \t]*,[ \t]*{_ADDRESS})*")


def parse(text: str, path: str = PATH) -> Parsed[Alias]:
    """Every alias of the text, and every problem."""
    rows: dict[str, Alias] = {}
    lines: dict[str, int] = {}
    problems: list[Problem] = []
    for entry in logical_lines(text):
        if len(problems) >= MAX_PROBLEMS:
            break
        source, _, rest = entry.text.replace("\t", " ").partition(" ")
        sound = not entry.is_orphan and _is_plain(entry.text)
        found = [] if sound else list(_problems(entry, source, rest, path))
        key = source.lower()
        if not found and key in rows:
            message = f"alias {key} is there already, on line {lines[key]}"
            place = Place(path, entry.numbers[0] + 1, entry.parts[0].strip())
            found = [place.problem(message, "put all its targets on one line, separated by commas", source)]
        if found:
            problems += found
        else:
            rows[key] = Alias(key, targets.split(rest))
            lines[key] = entry.numbers[0] + 1
    return Parsed(rows, tuple(problems))


def entries(text: str) -> Iterator[tuple[str, list[int]]]:
    """The source of each alias, and the numbers of its lines (from 0)."""
    for entry in logical_lines(text):
        yield entry.parts[0].split(maxsplit=1)[0].lower(), entry.numbers


def line_numbers(text: str) -> dict[str, int]:
    """The line (from 1) that each alias first starts on, by its source in lower case."""
    numbers: dict[str, int] = {}
    for entry in logical_lines(text):
        numbers.setdefault(entry.parts[0].split(maxsplit=1)[0].lower(), entry.numbers[0] + 1)
    return numbers


def add(text: str, source: str, target: str) -> str:
    """The text with the target added to the line of the alias, or as a new line at the end.

    Refused where the alias leads there already, and where one of the two is malformed.
    """
    _must_be_sound(source, target)
    entry = _find(text, source)
    if entry is None:
        return append_line(text, f"{source} {target}")
    if target.lower() in map(str.lower, _targets_of(entry)):
        raise Refused.because(f"{source} leads to {target} already", "see `setup alias list`", PATH)
    return Lines(text).replace(entry.numbers[-1], f"{entry.parts[-1].rstrip().rstrip(',')},{target}")


def has(text: str, source: str, target: str = "") -> bool:
    """Whether there is such an alias, with this target if one is named."""
    entry = _find(text, source)
    return entry is not None and (not target or target.lower() in map(str.lower, _targets_of(entry)))


def remove(text: str, source: str, target: str = "") -> str:
    """The text without this target of the alias, or without the alias if it was the last or none is named.

    Refused where there is no such alias or target.
    """
    entry = _find(text, source)
    if entry is None:
        raise Refused.because(f"there is no alias {source}", "see `setup alias list`", PATH)
    kept = [each for each in _targets_of(entry) if target and each.lower() != target.lower()]
    if target and len(kept) == len(_targets_of(entry)):
        raise Refused.because(f"{source} does not lead to {target}", "see `setup alias list`", PATH)
    for number in reversed(entry.numbers[1:]):
        text = Lines(text).delete(number)
    first = entry.numbers[0]
    if not kept:
        return Lines(text).delete(first)
    written = entry.parts[0].split()[0]
    return Lines(text).replace(first, f"{written} {','.join(kept)}")


def _is_plain(text: str) -> bool:
    """Whether this is a plain entry of whole addresses: a fast path (none can be too long here)."""
    return len(text) <= addresses.MAX_ADDRESS and _PLAIN.fullmatch(text) is not None


def _problems(entry: LogicalLine, source: str, rest: str, path: str) -> Iterator[Problem]:
    place = Place(path, entry.numbers[0] + 1, entry.parts[0].strip())
    if entry.is_orphan:
        yield place.problem("the line starts with white space but goes on with no alias", _SHAPE)
        return
    if complaint := _source_complaint(source):
        yield place.problem(f'alias "{source}" is not an address: {complaint[0]}', complaint[1], source)
    if not targets.split(rest):
        yield place.problem(f"alias {source} has no target", _SHAPE, source)
    is_domain = source.startswith("@") and len(targets.split(rest)) == 1
    for culprit, message, cure in targets.complaints(rest, _fits_domain if is_domain else targets.is_target):
        line, text = entry.locate(culprit)
        yield Place(path, line, text).problem(message, cure, culprit)


def _fits_domain(target: str) -> bool:
    return targets.is_target(target) or targets.is_domain_target(target)


def _source_complaint(source: str) -> addresses.Complaint | None:
    if targets.is_domain_target(source):
        return None
    if source.endswith(":"):
        return "a colon belongs to the names of postfix-aliases.cf", "leave out the colon"
    return addresses.complaint(f"x{source}" if source.startswith("@") else source)


def _find(text: str, source: str) -> LogicalLine | None:
    wanted = source.lower()
    if wanted not in text.lower():
        return None
    for entry in logical_lines(text):
        first = entry.parts[0]
        if first[: len(wanted)].lower() == wanted and first.split(maxsplit=1)[0].lower() == wanted:
            return entry
    return None


def _targets_of(entry: LogicalLine) -> tuple[str, ...]:
    return targets.split(entry.text.partition(entry.parts[0].split(maxsplit=1)[0])[2])


def _must_be_sound(source: str, target: str) -> None:
    if complaint := _source_complaint(source):
        message = f'alias "{printable(source)}" is not an address: {complaint[0]}'
        raise Refused.because(message, complaint[1])
    if not (_fits_domain(target) if source.startswith("@") else targets.is_target(target)):
        reason = addresses.complaint(target) or ("", "write an address")
        message = f'alias target "{printable(target)}" is not an address: {reason[0]}'
        raise Refused.because(message.removesuffix(": "), reason[1])
