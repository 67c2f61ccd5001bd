"""custom-commands.conf: short commands that change Rspamd's modules, turned into files of override.d.

The commands are documented in reference/rspamd; each line is `COMMAND ARGUMENT…`, comments and blank
lines aside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from renderers.service import BadLine, Origin

SOURCE = "config/rspamd/custom-commands.conf"
_FILE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*\Z")
_MODULE = re.compile(r"[A-Za-z0-9_-]+\Z")
_OPTION = re.compile(r"[A-Za-z0-9_.-]+\Z")
_ARGUMENTS = {
    "disable-module": 1,
    "enable-module": 1,
    "set-option-for-module": 3,
    "set-option-for-controller": 2,
    "set-option-for-proxy": 2,
    "set-common-option": 2,
    "add-line": 2,
}
_FIXED_FILE = {
    "set-option-for-controller": "worker-controller.inc",
    "set-option-for-proxy": "worker-proxy.inc",
    "set-common-option": "options.inc",
}


class Change(NamedTuple):
    """A line for a file of override.d; `option` is what it sets, empty for a line that is only added."""

    file: str
    option: str
    text: str
    line: int


def read(text: str) -> Iterator[Change | BadLine]:
    """The commands of a file, in order."""
    for number, row in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        line = row.strip()
        if line and not line.startswith("#"):
            yield _command(number, line)


def _command(number: int, line: str) -> Change | BadLine:
    command = line.split(None, 1)[0]
    if command not in _ARGUMENTS:
        return BadLine(
            number, f"{command[:40]!r} is not a command", f"use one of {', '.join(sorted(_ARGUMENTS))}"
        )
    arguments = line.split(None, _ARGUMENTS[command])[1:]
    if len(arguments) != _ARGUMENTS[command] or not line.isprintable():
        return BadLine(
            number,
            f"{command} takes {_ARGUMENTS[command]} arguments",
            "write the command, its arguments and nothing else, with single spaces between",
        )
    return _change(number, command, arguments)


def _change(number: int, command: str, arguments: list[str]) -> Change | BadLine:
    if command == "add-line":
        file, text = arguments
        if not _FILE.match(file):
            return BadLine(number, f"{file!r} is not a file name", "name a file of override.d, no folder")
        return Change(file, "", text, number)
    if command in _FIXED_FILE:
        file, (option, value) = _FIXED_FILE[command], arguments
    else:
        module = arguments[0]
        if not _MODULE.match(module):
            return BadLine(number, f"{module!r} is not a module", "name a module without .conf")
        file = f"{module}.conf"
        option, value = _module_option(command, arguments)
    if not _OPTION.match(option):
        return BadLine(number, f"{option!r} is not an option", "name an option of letters, digits and _")
    return Change(file, option, f"{option} = {value.rstrip(';')};", number)


def _module_option(command: str, arguments: list[str]) -> tuple[str, str]:
    if command == "set-option-for-module":
        return arguments[1], arguments[2]
    return "enabled", "true" if command == "enable-module" else "false"


def merge(base: str, base_path: str, changes: list[Change]) -> tuple[str, tuple[Origin, ...]]:
    """A file of override.d: the person's own text, then the commands' lines.

    An option that a command sets is taken out of the text before it: Rspamd would make a list of two.
    """
    last = {change.option: change for change in changes if change.option}
    wanted = [c for c in changes if not c.option or last[c.option] is c]
    rows: list[str] = []
    origins: list[Origin] = []
    for number, row in enumerate(base.splitlines(), start=1):
        if row.partition("=")[0].strip() in last and not row[:1].isspace():
            continue
        origins.append(Origin(len(rows) + 1, base_path, number))
        rows.append(row)
    for change in wanted:
        origins.append(Origin(len(rows) + 1, SOURCE, change.line))
        rows.append(change.text)
    return "".join(f"{row}\n" for row in rows), _joined(origins)


def _joined(origins: list[Origin]) -> tuple[Origin, ...]:
    """Without those that only go on counting from the one before."""
    kept: list[Origin] = []
    for origin in origins:
        before = kept[-1] if kept else None
        goes_on = before and before.path == origin.path and origin.at - before.at == origin.line - before.line
        if not goes_on:
            kept.append(origin)
    return tuple(kept)
