"""Writes the reference of the operations, from the types of their requests and answers.

`python -m controlplane.daemon.ops.document` writes it into docs/reference/control-protocol.md. What stands
above it there is written by hand, and stays.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from textwrap import dedent, fill
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from typing_extensions import is_typeddict

from controlplane.daemon.ops import OPS, AnyOperation, Talk
from controlplane.daemon.ops.requests import Asked
from controlplane.statefiles.treefile import TreeFile

PAGE = Path(__file__).parents[3] / "docs/reference/control-protocol.md"
MARK = "<!-- written from here on by `python -m controlplane.daemon.ops.document`, held fresh by a test -->\n"
WIDTH = 118
WORDS: Mapping[Any, str] = {
    str: "text",
    bytes: "base64",
    bool: "boolean",
    int: "whole number",
    float: "number",
    NoneType: "null",
    Any: "any",
    dict[str, TreeFile]: "FILES",
}
_OF_OTHERS = ("pre-receive", "post-receive", "agent.")
_COMMON = frozenset({*Asked.model_fields, "node"})


def page(before: str) -> str:
    """The page with its operations anew; `before` is its text with the part that is written by hand."""
    return before.partition(MARK)[0] + MARK + "\n" + "\n".join(_parts())


def _parts() -> Iterator[str]:
    yield "## What commands ask\n"
    yield from (_operation(name, each) for name, each in OPS.items() if not name.startswith(_OF_OTHERS))
    yield "## What git's hooks and agents ask\n"
    yield _filled("Each request of an agent names its node (`node`); one that is not known is refused.\n")
    yield from (_operation(name, each) for name, each in OPS.items() if name.startswith(_OF_OTHERS))
    yield "## Objects\n"
    yield from (_section(kind) for kind in _nested())


def _operation(name: str, operation: AnyOperation) -> str:
    lines = [f"### `{name}`\n", _filled(inspect.getdoc(operation.run) or ""), ""]
    if isinstance(operation, Talk):
        lines.append("Lines for a person come as `say` ahead of the answer.\n")
    asked = [line for field, line in _fields(operation.asks) if field not in _COMMON]
    lines += ["Asks:\n", *asked, ""] if asked else []
    answered = [line for _, line in _fields(operation.answers)]
    if operation.answers in _shared():
        lines.append(f"Answers: {_link(operation.answers)}\n")
    elif answered:
        lines += ["Answers:\n", *answered, ""]
    else:
        lines.append("Answers: `{}`\n")
    return "\n".join(lines)


def _section(kind: type) -> str:
    return "\n".join(
        [
            f"### {_title(kind)}\n",
            _filled(inspect.getdoc(kind) or ""),
            "",
            *(line for _, line in _fields(kind)),
            "",
        ]
    )


def _nested() -> list[type]:
    """The objects that have a section of their own, in the order in which the page comes to them."""
    found: dict[type, None] = {}

    def walk(kind: Any) -> None:
        for each in _mentioned(kind):
            if each not in found:
                found[each] = None
                walk(each)

    for operation in OPS.values():
        walk(operation.asks)
        if operation.answers in _shared():
            found.setdefault(operation.answers)
        walk(operation.answers)
    return list(found)


def _shared() -> set[type]:
    """Answers of several operations."""
    answers = [operation.answers for operation in OPS.values()]
    return {kind for kind in answers if answers.count(kind) > 1 and get_type_hints(kind)}


def _mentioned(kind: type) -> Iterator[type]:
    """The objects in the fields of another."""
    todo = list(get_type_hints(kind).values())
    while todo:
        each = todo.pop(0)
        if _is_object(each):
            yield each
        todo[:0] = get_args(each)


def _is_object(kind: Any) -> bool:
    return is_typeddict(kind) or (isinstance(kind, type) and issubclass(kind, BaseModel))


def _fields(kind: Any) -> Iterator[tuple[str, str]]:
    """The name of each field, and its line on the page."""
    known, hints = dict(meanings(kind)), get_type_hints(kind)
    if is_typeddict(kind):
        notes = {name: ", may be absent" if name in kind.__optional_keys__ else "" for name in hints}
        notes = dict(sorted(notes.items(), key=lambda note: bool(note[1])))
    else:
        notes = {name: ", needed" if f.is_required() else "" for name, f in kind.model_fields.items()}
    for name, note in notes.items():
        meaning = f": {known[name]}" if name in known else ""
        yield name, _filled(f"- `{name}` ({_words(hints[name])}{note}){meaning}", "  ")


def meanings(kind: Any) -> Iterator[tuple[str, str]]:
    """What the docstring below each field says, those of the types that it extends first."""
    for base in getattr(kind, "__orig_bases__", kind.__bases__):
        if _is_object(base) and base is not BaseModel:
            yield from meanings(base)
    (defined,) = ast.parse(dedent(inspect.getsource(kind))).body
    body = defined.body if isinstance(defined, ast.ClassDef) else []
    for field, below in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr):
            yield ast.unparse(field.target), inspect.cleandoc(ast.literal_eval(below.value))


def _words(hint: Any) -> str:
    """A type in words."""
    if hint in WORDS:
        return WORDS[hint]
    if _is_object(hint):
        return _link(hint)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return ", ".join(f"`{word}`" for word in hint)
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Literal:
        return ", ".join(f"`{word}`" if word else "empty" for word in parts)
    if origin in (Union, UnionType):
        return " or ".join(map(_words, parts))
    if origin is dict:
        return "object" if parts[1] is Any else f"object of {_words(parts[1])}"
    if origin is tuple and parts[1:] != (Ellipsis,):
        return f"[{', '.join(map(_words, parts))}]"
    return f"list of {_words(parts[0])}"


def _link(kind: type) -> str:
    title = _title(kind)
    return f"[{title}](#{title.lower()})"


def _title(kind: type) -> str:
    return kind.__name__.removesuffix("Row")


def _filled(text: str, indent: str = "") -> str:
    paragraphs = text.split("\n\n")
    return "\n\n".join(
        fill(each, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
        for each in paragraphs
    )


def main() -> int:
    """Write the page; the exit status."""
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
