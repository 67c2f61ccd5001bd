"""What doveconf(1) prints: the settings that count, in their sections, every `$name` expanded."""

from __future__ import annotations

from typing import NamedTuple


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
        return self.sections[-1].partition(" ")[2] if self.sections else ""


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
                open_ones[-1].values[name] = unquoted(value.strip())
    return found


def unquoted(value: str) -> str:
    """A value without the quotes that keep its blanks."""
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
