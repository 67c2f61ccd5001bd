"""Values of 2.3 in 2.4's form: variables, references to other settings, lists, pairs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from renderers.dovecot.dialects import names
from renderers.dovecot.dialects.fates import block
from renderers.dovecot.dialects.formats import variables
from renderers.dovecot.dialects.syntax import Line, written
from renderers.dovecot.dialects.variables import Untranslatable, translate

_REFERENCE = re.compile(r"(?<!\S)\$(\S+)")
_WORD = re.compile(r"[\w.*/@:-]+")
_FILE = "_file"

Successor = Callable[[str], str]
"""The name in 2.4 of a global setting of 2.3, "" where its value has another form there."""


def value(line: Line, name: str, of: Successor = lambda name: name) -> str:
    """The value of a line, to be written behind `name =`."""
    text = expanded(line.value, name)
    if not line.quoted:
        text = _REFERENCE.sub(lambda found: _reference(found[1], name, of), text)
    if name.endswith(_FILE) and not line.name.endswith(_FILE) and not line.quoted:
        text = path(text, line.name)
    if text == line.value:
        return _as_it_was(line)
    return written(text, literal=line.quoted)


def expanded(text: str, name: str) -> str:
    """A text with the variables that setting `name` of 2.4 knows."""
    known = variables(name)
    if known is None:
        return text.replace("%{", "%%{")
    return translate(text, known)


def path(text: str, name: str) -> str:
    """What 2.3 reads by `<path` and 2.4 opens by its path."""
    if text and not text.startswith("<"):
        raise Untranslatable(
            f"{name} holds its content, where 2.4 takes a path", f"put it in a file: {name} = <PATH"
        )
    return text[1:].strip()


def set_to(line: Line, name: str, of: Successor) -> list[str]:
    """The lines that set `name` of 2.4 to the value of a line."""
    kind = names.kind_of(line) if name == line.name else names.new().get(name, "")
    if kind == "list":
        return _list(line, name)
    if kind == "pairs":
        given = [word for word in line.value.split() if word != f"${line.name}"]
        return block(name, *pairs(given, name)) if given else []
    return [f"{name} = {value(line, name, of)}".rstrip()]


def words(line: Line) -> list[str]:
    """The words of a list; a `+` before one is left out."""
    return [word.removeprefix("+") for word in re.split(r"[\s,]+", line.value) if word]


def pairs(given: Iterable[str], name: str) -> Iterable[str]:
    """The lines of a block for words `key=value`."""
    for word in given:
        key, equals, text = word.partition("=")
        if name == "import_environment" and not equals:
            text = f"%{{env:{key}}}"
        elif not equals:
            raise Untranslatable(f"{word} has no value", "write NAME=VALUE")
        yield f"{key} = {expanded(text, name) if equals else text}"


def _list(line: Line, name: str) -> list[str]:
    """A whole list stays one; what is added to one is a block."""
    given = words(line)
    itself = f"${line.name}"
    adds = itself in given or any(word.startswith("+") for word in line.value.split())
    given = [word for word in given if word != itself]
    if any(word.startswith("$") for word in given):
        raise Untranslatable(f"{line.name} refers to another list", "write the words themselves")
    if not adds:
        if any(word.startswith("-") and name.endswith("_extensions") for word in given):
            adds = True
        else:
            return [f"{name} = {_as_it_was(line)}".rstrip()]
    return block(name, *(_switch(word) for word in given)) if given else []


def _switch(word: str) -> str:
    off = word.startswith("-")
    word = word.removeprefix("-")
    if not _WORD.fullmatch(word):
        raise Untranslatable(f"{word} cannot be a name in a block", "write the whole list instead")
    return f"{word} = {'no' if off else 'yes'}"


def _reference(other: str, name: str, of: Successor) -> str:
    if other.startswith("ENV:"):
        return f"${other}"
    now = of(other)
    if not now or names.new().get(now) in names.FREE:
        raise Untranslatable(f"${other} has no same setting in 2.4", f"write the value itself for {name}")
    return f"$SET:{now}"


def _as_it_was(line: Line) -> str:
    """The value as the file has it, with its quotes."""
    return written(line.value, literal=line.quoted)
