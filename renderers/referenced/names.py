"""Finds the files of `config/` that a text names by their place on the config volume.

Parameters and variables that the text itself sets are filled in, as postconf(5) and bash(1) write them; what
stays unknown of a path stands for anything. A folder stands for all files in it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from wire.config_folder import PLACE, below_config
from wire.manifest import TABLES, Compile

_SET = re.compile(r"\s*(?:export\s+|readonly\s+|local\s+|declare\s+(?:-\w+\s+)*)?(\w+)\s*=\s*(.*\S)\s*\Z")
_USE = re.compile(r"\$(?:\{(\w+)\}|\((\w+)\)|(\w+))")
_PATH = re.compile(rf"(?:\b([a-z]+):)?/+{PLACE}(?![\w.-])([^\s\"'`,;:|&<>()\\]*)")
_VARIABLE = re.compile(r"\$\{[^}]*\}|\$\w+|\$|%(?:\{[^}]*\}|\w)|[{}]")
_BESIDE = re.compile(r"\bdirname\b|\bBASH_SOURCE\b|\bcd\s+/")
_GUARD = re.compile(r"\[|\btest\b|\bif\b|\|\||&&|!include_try\b|\bdirname\b|2>\s*/dev/null")
_DEPTH = 5
_TYPES = {name: compile_by for compile_by, (name, _) in TABLES.items()}


class Mention(NamedTuple):
    """A place in a text that names something below `config/`."""

    path: str
    """Below config/; may hold `*` for what is not known, and is empty for the folder as a whole."""
    line: int
    table: Compile
    """What Postfix has to find compiled of it."""
    optional: bool
    """Whether the text looks first if the file is there, or takes whatever is there."""


def mentions(text: str, known: Mapping[str, str] | None = None) -> Iterator[Mention]:
    """Every path on the config volume in a text, comment lines aside.

    `known` are parameters and variables that other texts set for this one.
    """
    rows = _rows(text)
    values = {**(known or {}), **dict(_settings(rows))}
    for number, row in enumerate(rows, start=1):
        if row.lstrip().startswith("#"):
            continue
        filled = _filled(row, values)
        optional = _GUARD.search(row) is not None
        for match in _PATH.finditer(filled):
            path = _VARIABLE.sub("*", match[2].split("#")[0])
            table = _TYPES.get(match[1] or "", Compile.NOTHING)
            name = below_config(f"{PLACE}/{path}")
            yield Mention(name, number, table, optional or "*" in name or path.endswith("/"))
        if _BESIDE.search(row) and PLACE not in filled:
            yield Mention("", number, Compile.NOTHING, True)


def values_of(text: str) -> dict[str, str]:
    """The parameters and variables that a text sets."""
    return dict(_settings(_rows(text)))


def _rows(text: str) -> list[str]:
    return text.replace("\r\n", "\n").split("\n")


def _settings(rows: Collection[str]) -> Iterator[tuple[str, str]]:
    for row in rows:
        if match := _SET.match(row):
            yield match[1], match[2].strip("\"'")


def _filled(row: str, values: Mapping[str, str]) -> str:
    for _ in range(_DEPTH):
        row, before = _USE.sub(lambda m: values.get(m[1] or m[2] or m[3], m[0]), row), row
        if row == before:
            break
    return row


def matching(mention: Mention, text: str, paths: Collection[str]) -> Iterator[str]:
    """Those of the paths (below config/) that a mention in a text stands for.

    Where the text names the folder itself, every path counts that stands in it as a word.
    """
    if mention.path in paths:
        yield mention.path
        return
    for path in paths:
        if not mention.path or mention.path == "*":
            if re.search(rf"(?<![\w.-]){re.escape(path)}(?![\w-])", text):
                yield path
        elif path.startswith(f"{mention.path}/") or fnmatchcase(path, mention.path):
            yield path
