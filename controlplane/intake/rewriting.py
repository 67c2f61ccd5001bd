"""From a desired state back to files of `main`: the text that is there is edited, so that comments survive.

`read_tree` of the files with these changes gives the state that was wanted, whatever stood there before.
Files that a state says nothing of (a README beside config/) stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from controlplane.errors import Refused
from controlplane.git import EXECUTABLE, FILE, Change, NewFile
from controlplane.intake.diff import placements
from controlplane.intake.trees import Files
from controlplane.model import Desired
from controlplane.ordered import START
from controlplane.statefiles import env_file
from controlplane.statefiles.collections import COLLECTIONS, Collection
from controlplane.statefiles.tree import CONFIG, read_tree


def rewrite(files: Files, wanted: Desired) -> dict[str, Change]:
    """The changes that make these files mean `wanted`; a file that has a mistake is written anew."""
    present, problems = read_tree(files)
    broken = {problem.path for problem in problems}
    changes: dict[str, Change] = {}
    for kind in COLLECTIONS:
        if kind.path.removeprefix(CONFIG) in wanted.overrides:
            continue  # sealed as a whole: verbatim, below
        sealed = kind.path.removeprefix(CONFIG) in present.overrides
        sound = kind.path in files and kind.path not in broken and not sealed
        text = files[kind.path].content.decode() if sound else ""
        new = _Entries(kind, text, kind.rows(present) if sound else {}, kind.rows(wanted)).written()
        if new != text or (kind.path in files and not sound):
            changes[kind.path] = NewFile(new.encode()) if new or sound else None
    changes.update(_settings(files, present if env_file.PATH not in broken else None, wanted))
    changes.update(_overrides(present, wanted, changes))
    return changes


def _settings(files: Files, present: Desired | None, wanted: Desired) -> Iterator[tuple[str, Change]]:
    known = present.settings if present and env_file.PATH in files else {}
    text = before = files[env_file.PATH].content.decode() if known else _commented(files)
    for name in [name for name in known if name not in wanted.settings]:
        text = env_file.unset(text, name)
    for name, value in wanted.settings.items():
        if known.get(name) != value:
            text = _set(text, name, value)
    if text != before or (present is None and env_file.PATH in files):
        yield env_file.PATH, NewFile(text.encode())


def _commented(files: Files) -> str:
    """The file without anything that it sets: the lines that explain stay."""
    if env_file.PATH not in files:
        return ""
    lines = files[env_file.PATH].content.decode(errors="replace").split("\n")
    return "\n".join(line for line in lines if not line.strip() or line.lstrip().startswith("#"))


def _set(text: str, name: str, value: str) -> str:
    with suppress(Refused):
        return env_file.set_value(text, name, value)
    # What is refused today is told at its line, by whoever reads the file.
    return f"{text}{'' if not text or text.endswith(chr(10)) else chr(10)}{name}={value}\n"


def _overrides(present: Desired, wanted: Desired, done: Mapping[str, Change]) -> Iterator[tuple[str, Change]]:
    for path in present.overrides:
        if path not in wanted.overrides and CONFIG + path not in done:
            yield CONFIG + path, None
    for path, override in wanted.overrides.items():
        if present.overrides.get(path) != override:
            yield CONFIG + path, NewFile(override.content, EXECUTABLE if override.executable else FILE)


@dataclass
class _Entries:
    """One text that is made to hold other rows. What stays keeps its place, and so do comments."""

    kind: Collection
    text: str
    old: Mapping[str, Any]
    new: Mapping[str, Any]
    owner: dict[int, str] = field(default_factory=dict)
    """The entry that each line belongs to."""
    ends: dict[str, tuple[int, int]] = field(default_factory=dict)
    """The first and the last line of each entry."""

    def written(self) -> str:
        """The new text."""
        if self.old == self.new and (not self.kind.ordered or list(self.old) == list(self.new)):
            return self.text
        for name, numbers in self.kind.entries(self.text):
            self.owner.update(dict.fromkeys(numbers, name))
            self.ends[name] = (numbers[0], numbers[-1])
        staying = self._staying()
        coming, tail = self._coming(staying)
        lines = self.text.split("\n")
        ending = "\r" if len(lines) > 1 and lines[0].endswith("\r") else ""
        out: list[str] = []
        for number, raw in enumerate(lines):
            name = self.owner.get(number, "")
            if number not in self.owner:
                out.append(raw)
            elif name in staying:
                out += [self._line(each) + ending for each in coming.pop(START, ())]
                out += self._kept(name, number, raw)
                if number == self.ends[name][1]:
                    out += [self._line(each) + ending for each in coming.pop(name, ())]
        return _with_tail(out, [self._line(name) for name in tail], ending)

    def _staying(self) -> set[str]:
        """The entries that keep their place."""
        kept = {name: None for name in self.ends if name in self.new}
        if not self.kind.ordered:
            return set(kept)
        moved = {step.key for step in placements(kept, self.new) if not step.is_new}
        return kept.keys() - moved

    def _coming(self, staying: set[str]) -> tuple[dict[str, list[str]], list[str]]:
        """The entries to write behind each that stays, in order, and those at the end of the file."""
        if not self.kind.ordered:
            return {}, [name for name in self.new if name not in staying]
        coming: dict[str, list[str]] = {}
        at = START
        for name in self.new:
            if name in staying:
                at = name
            else:
                coming.setdefault(at, []).append(name)
        return coming, coming.pop(at, [])

    def _kept(self, name: str, number: int, raw: str) -> list[str]:
        """The line as it is; where the entry says something else now, that on its first line."""
        if self.old.get(name) == self.new[name]:
            return [raw]
        return (
            [self._line(name) + ("\r" if raw.endswith("\r") else "")] if number == self.ends[name][0] else []
        )

    def _line(self, name: str) -> str:
        return self.kind.line(name, self.new[name])


def _with_tail(lines: list[str], tail: list[str], ending: str) -> str:
    if not tail:
        return "\n".join(lines)
    if lines and not lines[-1]:
        lines.pop()
    elif lines and ending and not lines[-1].endswith(ending):
        lines[-1] += ending
    return "\n".join([*lines, *(line + ending for line in tail), ""])
