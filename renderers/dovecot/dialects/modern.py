"""What 2.4 knows of a line, and what it would take without a word and do wrong."""

from __future__ import annotations

import re

from renderers.dovecot.dialects import names, userfields
from renderers.dovecot.dialects.formats import variables
from renderers.dovecot.dialects.syntax import Kind, Line, Section
from renderers.dovecot.dialects.variables import Untranslatable, of_new_form, old_form
from renderers.service import BadLine

_REFERENCE = re.compile(r"(?<!\S)\$([a-z_0-9]+)(?!\S)")
_OPEN_VARIABLE = re.compile(r"%\{[^}]*\Z")
_NEW_REFERENCE = re.compile(r"(?<!\S)\$SET:\w")
_VERSION = "dovecot_config_version"
_PATHS = ("_file", "_path", "_dir")


def knows(line: Line) -> bool:
    """Whether 2.4 knows the setting or section where it stands."""
    if line.within is not None and not _knows_section(line.within):
        return False
    if line.kind is Kind.OPEN:
        return line.opens is not None and _knows_section(line.opens)
    if line.kind is not Kind.SETTING:
        return True
    if line.within is not None and names.kind_of(line.within.opened) in names.FREE:
        return True
    return line.name.startswith("@") or names.kind_of(line) not in ("", *names.BLOCKS)


def _knows_section(section: Section) -> bool:
    if section.outer is not None and not _knows_section(section.outer):
        return False
    known = names.kind_of(section.opened) in (*names.BLOCKS, *names.FREE)
    return known or section.kind in (*names.FILTERS, "group")


def speaks_new(line: Line) -> bool:
    """Whether the value of a setting has a form that only 2.4 knows."""
    if line.kind is not Kind.SETTING:
        return False
    return line.name == _VERSION or of_new_form(line.value) or _NEW_REFERENCE.search(line.value) is not None


def wrong(line: Line) -> BadLine | None:
    """What of a line, if read by 2.4, is refused by it or silently another thing than is meant."""
    if line.kind is Kind.OPEN and line.opens is not None:
        unnamed = names.kind_of(line) == "blocks" and not line.opens.label
        message = f"a block `{line.name}` needs a name in Dovecot 2.4"
        return BadLine(line.number, message, f"write {line.name} NAME {{") if unnamed else None
    if line.kind is not Kind.SETTING:
        return None
    if line.name == _VERSION and line.value != names.VERSION:
        message = f"the configuration of this server is {names.VERSION}'s"
        return BadLine(line.number, message, f"write {_VERSION} = {names.VERSION}, or leave the line out")
    found = _wrong_field(line) or _wrong_value(line, names.full_name(line))
    return BadLine(line.number, *found) if found else None


def _wrong_value(line: Line, name: str) -> tuple[str, str] | None:
    value, kind = line.value, names.new().get(name, "")
    known = variables(name)
    if known and (old := old_form(value, known)):
        return f"{old} is text to Dovecot 2.4, not a variable", "write 2.4's form: %{user}, %{user | domain}"
    if known and _OPEN_VARIABLE.search(value):
        return "the variable has no end", "write } behind its name"
    referred = None if line.quoted else _REFERENCE.search(value)
    if referred and (referred[1] in names.new() or referred[1] in names.old()):
        cure = f"write {line.name} {{ WORD = yes }}" if kind == "list" else f"write $SET:{referred[1]}"
        return f"${referred[1]} is text to Dovecot 2.4, not the setting", cure
    if kind == "list" and re.search(r"(?:\A|\s)\+", value):
        return (
            f"+ is a part of the word in Dovecot 2.4: all of {line.name} is replaced",
            f"write {line.name} {{ WORD = yes }}",
        )
    if value.startswith("<") and not line.quoted and name.endswith(_PATHS):
        return f"{name} is a path in Dovecot 2.4", "leave the < out"
    if name == "mail_inbox_path" and not value:
        return "set but empty, it moves every INBOX to .INBOX", "leave the line out"
    return None


def _wrong_field(line: Line) -> tuple[str, str] | None:
    section = line.within
    whole = names.full_name(section.opened) if section is not None else ""
    if whole not in ("passdb_fields", "userdb_fields"):
        return None
    try:
        meant = dict(userfields.field(line.name, line.value))
    except Untranslatable as refused:
        return refused.reason, refused.cure
    if meant != {line.name: line.value}:
        now = ", ".join(f"{name} = {value}" for name, value in meant.items())
        return f"Dovecot 2.4 ignores a field {line.name} without a word", f"write {now}"
    return None
