"""Turns a mailserver.env as people have it into one that `main` takes.

Container engines read such files leniently: of a name that stands twice the last counts, a name without a
value comes from the host, an unknown one is nobody's business. On `main` all that would be a mistake, so it
becomes a comment and is reported. Lines keep their numbers: complaints name lines of both files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from controlplane.errors import Problem
from controlplane.intake.checks import spoilt_files
from controlplane.intake.checks.setting_notes import notes
from controlplane.intake.importing.clear_secrets import Sealer
from controlplane.intake.importing.items import Item
from controlplane.model import Pin
from controlplane.settings import catalog
from controlplane.statefiles import env_file
from controlplane.statefiles.parsed import Place

BYTE_ORDER_MARK = "\ufeff"
_EXPORT = re.compile(r"(\s*)export\s+(?=[A-Za-z_])")
_BARE_NAME = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*")
_FROM_FILE = "__FILE"


@dataclass
class Adapted:
    """The text for `main`, the values it sets (secrets in the clear), and the report on each line."""

    text: str = ""
    rows: dict[str, str] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def adapt(content: bytes, sealer: Sealer, pins: Mapping[str, Pin]) -> Adapted:
    """The file as `main` may hold it; problems for lines that no server could follow."""
    made = _adapted(content, sealer, pins)
    spoilt = spoilt_files.problems(env_file.PATH, content) if made.problems else []
    return Adapted(problems=spoilt) if spoilt else made


def _adapted(content: bytes, sealer: Sealer, pins: Mapping[str, Pin]) -> Adapted:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        place = Place(env_file.PATH, line, "")
        return Adapted(problems=[place.problem("the line is not UTF-8", "save the file as UTF-8")])
    lines = text.removeprefix(BYTE_ORDER_MARK).split("\n")
    made, last = Adapted(), _last_lines(lines)
    written = [_line(number, line, last, sealer, made) for number, line in enumerate(lines, 1)]
    made.text = "\n".join(written)
    made.problems += env_file.parse(made.text).problems
    made.items = {name: _told(item, made.rows.get(name), pins) for name, item in made.items.items()}
    return made


def _last_lines(lines: list[str]) -> dict[str, int]:
    """The effective line of each name."""
    entries = ((number, _entry(line)) for number, line in enumerate(lines, 1))
    return {entry.name: number for number, entry in entries if entry is not None}


def _entry(line: str) -> env_file.Entry | None:
    if not line.strip() or line.lstrip().startswith("#"):
        return None
    return env_file.take_apart(_EXPORT.sub(r"\1", line, count=1))


def _line(number: int, line: str, last: Mapping[str, int], sealer: Sealer, made: Adapted) -> str:
    """The line for `main`; records its value in `made`."""
    entry = _entry(line)
    if entry is None:
        return _not_an_entry(number, line, made)
    name = entry.name
    if number != last[name]:
        made.items.setdefault(f"{name} (line {number})", _left_out(name, number, f"line {last[name]} counts"))
        return _comment(name, line)
    if name not in catalog.SETTINGS:
        made.items[name] = _unknown(name, number)
        return _comment(name, line)
    made.rows[name] = sealer.plain(entry.value)
    made.items[name] = Item(name, "added", line=number)
    line = _EXPORT.sub(r"\1", line, count=1)
    if not catalog.SETTINGS[name].secret or not entry.value or entry.fault:
        return line
    made.items[name] = replace(made.items[name], sealed=True)
    return f"{entry.before}{sealer.value(entry.value)}{entry.after}"


def _not_an_entry(number: int, line: str, made: Adapted) -> str:
    bare = _BARE_NAME.fullmatch(line)
    if bare is None:
        return line
    note = "without a =, its value is the host's: not known here"
    made.items[bare[1]] = _left_out(bare[1], number, note)
    return f"# {line.strip()}"


def _unknown(name: str, number: int) -> Item:
    secret = name.removesuffix(_FROM_FILE)
    if name.endswith(_FROM_FILE) and secret in catalog.SETTINGS:
        note = f"set it in the container's environment, where the file is, or {secret} itself here"
        return _left_out(name, number, note)
    setting, cure = catalog.meant(name) or ("", "")
    hint = f"did you mean {setting}? " if setting else ""
    known = f"; {hint}{cure}" if cure else ""
    return Item(name, "left out", "unknown", f"no setting here: it becomes a comment{known}", line=number)


def _left_out(name: str, number: int, note: str) -> Item:
    return Item(name, "left out", note=note, line=number)


def _comment(name: str, line: str) -> str:
    return f"# {name}=…" if env_file.may_be_secret(name) else f"# {line.strip()}"


def _told(item: Item, value: str | None, pins: Mapping[str, Pin]) -> Item:
    spec = catalog.SETTINGS.get(item.name)
    if spec is None or item.done == "left out" or value is None:
        return item
    support: str = "supported" if spec.supports(value) or not value else "later"
    found = "; ".join(notes(item.name, value, pins.get(item.name)))
    return replace(item, support=support, note=found)  # type: ignore[arg-type]
