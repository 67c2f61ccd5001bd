"""Writes a desired state as files of `main`: the inverse of `read_tree`.

For going back, and for what is left when no commit of `main` can be read any more: the log holds the meaning
of every file, and the content of those that have no format. Comments and the order of entries that have none
are of the files alone; what a `base` still has of them is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from controlplane.errors import Refused
from controlplane.model import Desired
from controlplane.ordered import START, placements
from controlplane.statefiles import env_file
from controlplane.statefiles.collections import COLLECTIONS, Collection
from controlplane.statefiles.lines import Lines
from controlplane.statefiles.tree import read_tree
from controlplane.statefiles.treefile import CONFIG, EXECUTABLE, REGULAR, SETTINGS, TreeFile

Files = Mapping[str, TreeFile]


def compose(desired: Desired, base: Files | None = None) -> dict[str, TreeFile]:
    """The files for `desired`: `read_tree(compose(desired, base))` returns it.

    Of `base` (the template, or what `main` says now) everything stays that does not say otherwise: comments,
    lines that mean the same, files outside config/. Of a file with mistakes only the comments stay.
    """
    base = base or {}
    present, problems = read_tree(base)
    unusable = {problem.path for problem in problems} | {CONFIG + path for path in present.overrides}
    files = {path: file for path, file in base.items() if not path.startswith(CONFIG) and path != SETTINGS}
    texts = {
        kind.path: _rows(kind, base, kind.rows(present) if kind.path not in unusable else {}, desired)
        for kind in COLLECTIONS
    }
    known = present.settings if SETTINGS not in unusable else {}
    texts[SETTINGS] = _settings(known, desired.settings, _text(base, SETTINGS, bool(known)))
    for path, text in texts.items():
        if text or (path in base and not base[path].content):
            files[path] = TreeFile(text.encode(), _mode(base, path))
    # Behind them: a table that is sealed as a whole is kept verbatim, and its rows are empty.
    for override in desired.overrides.values():
        mode = EXECUTABLE if override.executable else REGULAR
        files[CONFIG + override.path] = TreeFile(override.content, mode)
    return files


def _rows(kind: Collection, base: Files, old: Mapping[str, Any], desired: Desired) -> str:
    return _Entries(kind, _text(base, kind.path, bool(old)), old, kind.rows(desired)).written()


def _settings(known: Mapping[str, str], wanted: Mapping[str, str], text: str) -> str:
    for name in known.keys() - wanted.keys():
        text = env_file.unset(text, name)
    for name, value in wanted.items():
        if known.get(name) != value:
            text = _with_setting(text, name, value)
    return text


def _with_setting(text: str, name: str, value: str) -> str:
    try:
        return env_file.set_value(text, name, value)
    except Refused:
        # A value that was taken once: it is for whoever takes the files in to refuse it, by its line.
        return Lines(env_file.unset(text, name)).append(f"{name}={value}")


def _text(base: Files, path: str, whole: bool) -> str:
    """The text of a base file, or only its comments; what is no text is not kept."""
    try:
        text = base[path].content.decode() if path in base else ""
    except UnicodeDecodeError:
        return ""
    if whole or "BEGIN AGE" in text:
        return text if whole else ""
    return "\n".join(line for line in text.split("\n") if not line.strip() or line.strip()[0] == "#")


def _mode(base: Files, path: str) -> int:
    return base[path].mode if path in base and base[path].mode in (REGULAR, EXECUTABLE) else REGULAR


@dataclass
class _Entries:
    """Rewrites a text to hold other rows, keeping comments and unchanged rows in place."""

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
        """The line as it is; if its entry changed, the new entry on its first line."""
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
