"""What doveconf(1) prints: the settings that count, in their sections."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

GROUPS = frozenset(["ssl_server", "ssl_client"])
"""Sections that are no more than the common part of names, as which doveconf prints them."""


class Wrong(NamedTuple):
    """What is wrong with a setting, and the word in its line."""

    name: str
    word: str
    reason: str


class Section(NamedTuple):
    """The settings of one section alone, without those of the sections in it."""

    sections: tuple[str, ...]
    values: dict[str, str]

    @property
    def kind(self) -> str:
        """Its first word: passdb, service, unix_listener; "" for what is in no section."""
        return self.sections[-1].split()[0] if self.sections else ""

    @property
    def label(self) -> str:
        """What follows the first word."""
        return unquoted(self.sections[-1].partition(" ")[2]) if self.sections else ""

    @property
    def chosen(self) -> Iterator[str]:
        """The names that a list is on for: `mail_plugins { quota = yes }`."""
        return (name for name, value in self.values.items() if value == "yes")

    def within(self, *kinds: str) -> bool:
        """Whether it is a section of one of these kinds, or lies in one."""
        return any(name.split()[0] in kinds for name in self.sections)


def sections(output: str) -> list[Section]:
    """Every section in order of appearance; the first one holds what is in none."""
    found = [Section((), {})]
    open_ones = [found[0]]
    for line in output.splitlines():
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if text == "}":
            if len(open_ones) > 1:
                open_ones.pop()
        elif text.endswith(" {"):
            found.append(Section((*open_ones[-1].sections, text[:-2]), {}))
            open_ones.append(found[-1])
        else:
            name, equals, value = text.partition(" =")
            if equals:
                group = f"{open_ones[-1].kind}_" if open_ones[-1].kind in GROUPS else ""
                open_ones[-1].values[group + name] = unquoted(value.strip())
    return found


def unquoted(value: str) -> str:
    """A value without the quotes that keep its blanks."""
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


def listed(found: list[Section], name: str) -> set[str]:
    """What a list has in any section, whether it is set word by word or as a whole (`name = a b`)."""
    words = {word for section in found for word in section.values.get(name, "").split()}
    return words | {word for section in found if section.kind == name for word in section.chosen}
