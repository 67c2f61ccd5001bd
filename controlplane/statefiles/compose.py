"""From a desired state back to the files of `main`: the way back of `read_tree`.

For what is left when no commit of `main` can be read any more: the log holds the meaning of every file,
and the content of those that have no format. Comments and the order of entries that have none are of the
files alone; what a `base` still has of them is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from controlplane.errors import Refused
from controlplane.model import Account, Alias, Desired, Master, RegexpAlias
from controlplane.statefiles import accounts, aliases, env_file, regexps, typed
from controlplane.statefiles.lines import Lines
from controlplane.statefiles.logical import logical_lines
from controlplane.statefiles.parsed import Parsed
from controlplane.statefiles.treefile import CONFIG, EXECUTABLE, REGULAR, SETTINGS, TreeFile

Parse = Callable[[str, str], Parsed[Any]]
Files = Mapping[str, TreeFile]


def compose(desired: Desired, base: Files | None = None) -> dict[str, TreeFile]:
    """Files that say what `desired` says: `read_tree(compose(desired, base))` gives it back.

    Of `base` (the template, or what `main` says now) everything stays that does not say otherwise: comments,
    lines that mean the same, files outside config/.
    """
    base = base or {}
    files = {path: file for path, file in base.items() if not path.startswith(CONFIG) and path != SETTINGS}
    texts = {
        SETTINGS: _settings(desired.settings, _text(base, SETTINGS)),
        accounts.PATH: _rows(_ACCOUNTS, desired.accounts, _text(base, accounts.PATH)),
        aliases.PATH: _rows(_ALIASES, desired.aliases, _text(base, aliases.PATH)),
        regexps.PATH: _rows(_REGEXPS, desired.regexps, _text(base, regexps.PATH)),
        **{
            table.path: _rows(_Format(table.path, table.parse, _line_of(field, table.mark), bool(table.mark)),
                              getattr(desired, field), _text(base, table.path))
            for field, table in typed.TABLES.items()
        },
    }  # fmt: skip
    files |= {path: TreeFile(text.encode(), _mode(base, path)) for path, text in texts.items() if text}
    # Behind them: a table that is sealed as a whole is kept verbatim, and its rows are empty.
    for override in desired.overrides.values():
        mode = EXECUTABLE if override.executable else REGULAR
        files[CONFIG + override.path] = TreeFile(override.content, mode)
    return files


class _Format:
    """How the rows of a file are read and written; with `single` an entry is one line."""

    def __init__(self, path: str, parse: Parse, line: Callable[[str, Any], str], single: bool) -> None:
        self.path, self.parse, self.line, self.single = path, parse, line, single

    def rows(self, text: str) -> Mapping[str, Any]:
        return self.parse(text, self.path).rows

    def blocks(self, text: str) -> Iterator[tuple[list[int], str]]:
        """The entries of a text: the numbers of their lines, and these lines."""
        if not self.single:
            yield from ((entry.numbers, "\n".join(entry.parts)) for entry in logical_lines(text))
            return
        for number, line in enumerate(text.split("\n")):
            if line.strip() and line.strip()[0] != "#":
                yield [number], line


def _rows(form: _Format, wanted: Mapping[str, Any], text: str) -> str:
    """The text with these rows: what it has of them stays where it is, the others come at its end."""
    if _says(form, text, wanted):
        return text
    edited = _edited(form, wanted, text)
    if _says(form, edited, wanted):
        return edited
    # Their order has a meaning, and is another one.
    return "".join(f"{form.line(key, row)}\n" for key, row in wanted.items())


def _edited(form: _Format, wanted: Mapping[str, Any], text: str) -> str:
    gone: set[int] = set()
    there: set[str] = set()
    for numbers, block in form.blocks(text):
        found = form.parse(block, form.path)
        key = next(iter(found.rows), "")
        if not found.problems and key in wanted and key not in there and found.rows[key] == wanted[key]:
            there.add(key)
        else:
            gone.update(numbers)
    kept = [line for number, line in enumerate(text.split("\n")) if number not in gone]
    head = "\n".join(kept).rstrip("\n")
    lines = [form.line(key, row) for key, row in wanted.items() if key not in there]
    return "".join(f"{line}\n" for line in [*([head] if head else []), *lines])


def _says(form: _Format, text: str, wanted: Mapping[str, Any]) -> bool:
    found = form.parse(text, form.path)
    # Only accounts and expressions have an order; to ask it of every file costs no more than a print anew.
    return (
        not found.problems
        and found.rows == wanted
        and (form.path not in _ORDERED or list(found.rows) == list(wanted))
    )


_ORDERED = frozenset({accounts.PATH, regexps.PATH})


def _settings(wanted: Mapping[str, str], text: str) -> str:
    for name in env_file.parse(text).rows.keys() - wanted.keys():
        text = env_file.unset(text, name)
    for name, value in wanted.items():
        if env_file.parse(text).rows.get(name) != value:
            text = _with_setting(text, name, value)
    return text


def _with_setting(text: str, name: str, value: str) -> str:
    try:
        return env_file.set_value(text, name, value)
    except Refused:
        # A value that was taken once: it is for whoever takes the files in to refuse it, by its line.
        return Lines(env_file.unset(text, name)).append(f"{name}={value}")


def _account(_key: str, row: Account | Master) -> str:
    name = row.address if isinstance(row, Account) else row.name
    return "|".join([name, row.password_hash, *([row.attributes] if row.attributes else [])])


def _alias(_key: str, row: Alias | RegexpAlias) -> str:
    source = row.source if isinstance(row, Alias) else row.pattern
    return f"{source} {','.join(row.targets)}"


def _line_of(field: str, mark: str) -> Callable[[str, Any], str]:
    if field == "masters":
        return _account
    return lambda key, value: f"{key}{mark or ' '}{value}".rstrip()


_ACCOUNTS = _Format(accounts.PATH, accounts.parse, _account, single=True)
_ALIASES = _Format(aliases.PATH, aliases.parse, _alias, single=False)
_REGEXPS = _Format(regexps.PATH, regexps.parse, _alias, single=False)


def _text(base: Files, path: str) -> str:
    """A file of the base as text; what is none is not kept."""
    try:
        return base[path].content.decode() if path in base else ""
    except UnicodeDecodeError:
        return ""


def _mode(base: Files, path: str) -> int:
    return base[path].mode if path in base and base[path].mode in (REGULAR, EXECUTABLE) else REGULAR
