"""Tells of old names in overrides: they are taken, and a newer Postfix lacks them."""

from __future__ import annotations

from collections.abc import Iterator

from controlplane.model import State
from renderers.postfix import master_file, overrides, render
from renderers.postfix.master_entries import Entry, Given
from renderers.postfix.old_names import PARAMETERS, RESTRICTIONS, OldName, restrictions_in
from renderers.service import Complaint


def notices(before: State, after: State) -> Iterator[Complaint]:
    """Every old name in an override that a change brings or edits, at its line."""
    for path, read in ((overrides.MAIN, _set_in_main), (master_file.MASTER, _set_in_master)):
        name = path.rpartition("/")[2]
        if before.desired.overrides.get(name) != after.desired.overrides.get(name):
            for given in read(render.override(after, name)):
                yield from (Complaint(path, given.line, *said) for said in _said(given.name, given.value))


def _set_in_main(text: str) -> Iterator[Given]:
    found = (each for each in overrides.parameters(text) if isinstance(each, overrides.Parameter))
    return (Given(each.name, each.value, each.line) for each in found)


def _set_in_master(text: str) -> Iterator[Given]:
    for each in master_file.master_lines(text):
        if isinstance(each, Entry):
            yield from each.given.values()
        elif isinstance(each, master_file.Option):
            yield Given(each.name, each.value, each.line)


def _said(name: str, value: str) -> Iterator[tuple[str, str]]:
    """What people should know about a parameter, and the cure."""
    if found := PARAMETERS.get(name):
        cure = found.off if found.off and value.lower() == "no" else found.instead
        yield f"{name} {_state_of(found)}", cure
    for word in restrictions_in(value):
        yield f"{name}: {word} {_state_of(RESTRICTIONS[word])}", RESTRICTIONS[word].instead


def _state_of(old: OldName) -> str:
    if old.removed:
        return f"is gone in Postfix {old.removed}, so {old.successor} is put in its place"
    return f"is deprecated since Postfix {old.since}, and a later version lacks it"
