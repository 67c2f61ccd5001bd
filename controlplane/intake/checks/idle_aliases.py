"""Aliases that can never match, and those in a domain that was probably meant to be another one.

Found where it is certain: an expression that is not understood here is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from controlplane import addresses
from controlplane.errors import Problem
from controlplane.intake.checks.catch_alls import Expression, expressions, place_of
from controlplane.model import Desired
from controlplane.settings.near_names import edits
from controlplane.statefiles import aliases, regexps
from controlplane.statefiles.continuation_lines import logical_lines
from controlplane.statefiles.parsed import Place
from controlplane.statefiles.treefile import CONFIG, TreeFile

_LOCAL = "postfix-aliases.cf"
_NAME = re.compile(r"(?P<name>\"[^\"]*\"|[^\s:#\"]+)\s*:\s*(?P<targets>.*)", re.DOTALL)
_ESCAPED = re.compile(r"\\([^A-Za-z0-9])")
_PLAIN = re.compile(r"(?:[^\\^$.|?*+()\[\]{}]|\\[^A-Za-z0-9])*")
_DOMAIN = re.compile(r"@(?P<domain>(?:[A-Za-z0-9-]|\\[.-])*(?:\\\.|\.)[A-Za-z0-9-]+)\$?")
_TAKES_AT = re.compile(r"@|\[\^|\\[SWDNHVXx0-9pP]|\(\?|&")
_EVERYTHING = re.compile(r"\^?\(?(?:\.[*+]|\.\*@\.\*|\.\+@\.\+|@)?\)?\$?")


class _Shape(NamedTuple):
    """An expression without its delimiters."""

    body: str

    @property
    def is_single(self) -> bool:
        """Whether no alternative can match something else."""
        return "|" not in self.body

    @property
    def literal(self) -> str:
        """The only address that it matches; empty where there are several."""
        inner = self.body[1:-1]
        whole = self.body.startswith("^") and self.body.endswith("$") and not self.body.endswith("\\$")
        return _ESCAPED.sub(r"\1", inner).lower() if whole and _PLAIN.fullmatch(inner) else ""

    @property
    def domain(self) -> str:
        """The domain that it ends with; empty where that cannot be told."""
        found = re.search(_DOMAIN.pattern + r"\Z", self.body)
        return _ESCAPED.sub(r"\1", found["domain"]).lower() if found and self.is_single else ""


def find(
    before: Desired,
    after: Desired,
    touched: Collection[str],
    files: Mapping[str, TreeFile],
    hosts: Collection[str] = (),
) -> Iterator[Problem]:
    """Such aliases of this change: `touched` are those of postfix-virtual.cf, `hosts` our own host names."""
    yield from _of_local_names(before, after)
    yield from _of_wildcards(touched, files)
    yield from _of_expressions(before, after, files, hosts)
    yield from _misspelt_domains(before, after, touched, files)


def _of_local_names(before: Desired, after: Desired) -> Iterator[Problem]:
    now, then = after.overrides.get(_LOCAL), before.overrides.get(_LOCAL)
    if now is None or now == then:
        return
    lines: dict[str, int] = {}
    for entry in logical_lines(now.content.decode(errors="replace")):
        match = _NAME.fullmatch(entry.text)
        if match is None:
            continue  # refused for its form
        name, place = match["name"].strip('"').lower(), _first_of(entry.numbers[0], entry.parts[0])
        if "@" in name:
            message = f"{name} never matches: a name here has no domain (aliases(5))"
            cure = f"write it to {aliases.PATH}: {name} {match['targets'].strip()}"
            yield place.problem(message, cure, match["name"])
        elif name in lines:
            message = f"{name} stands on line {lines[name]} too, and this line alone counts"
            yield place.problem(message, "put all targets on one line, separated by commas", match["name"])
        lines[name] = place.line


def _of_wildcards(touched: Iterable[str], files: Mapping[str, TreeFile]) -> Iterator[Problem]:
    """Names that are meant to stand for several: in postfix-virtual.cf each is an address (virtual(5))."""
    for source in touched:
        local, _, domain = source.partition("@")
        if local and not local.strip("*%.?"):
            message = f"{source} matches no other address: signs have no meaning here (virtual(5))"
            cure = f"write @{domain} for all addresses of the domain, or an expression to {regexps.PATH}"
            yield place_of(aliases.PATH, source, files).problem(message, cure, source)
        elif "*" in local:
            message = f"{source} matches no other address: signs have no meaning here (virtual(5))"
            shape = re.escape(source).replace(r"\*", ".*")
            cure = f"write it to {regexps.PATH} as an expression: /^{shape}$/"
            yield place_of(aliases.PATH, source, files).problem(message, cure, source)


def _first_of(number: int, part: str) -> Place:
    return Place(CONFIG + _LOCAL, number + 1, part.strip())


def _of_expressions(
    before: Desired, after: Desired, files: Mapping[str, TreeFile], hosts: Collection[str]
) -> Iterator[Problem]:
    if after.regexps == before.regexps:
        return
    everything = ""
    served = {*after.domains, *after.alias_domains, *hosts, "localhost"}
    for expression in expressions(after):
        pattern = expression.alias.pattern
        told = _reason(expression, everything, served, after)
        if told is not None and before.regexps.get(pattern) != expression.alias:
            yield place_of(regexps.PATH, pattern, files).problem(f"{pattern} {told[0]}", told[1], pattern)
        if not expression.negated and _EVERYTHING.fullmatch(_shape(expression).body):
            everything = everything or pattern


def _shape(expression: Expression) -> _Shape:
    whole = expression.alias.pattern.removeprefix("!")
    return _Shape(whole[1 : whole.rfind(whole[0])])


def _reason(
    expression: Expression, everything: str, served: Collection[str], after: Desired
) -> tuple[str, str] | None:
    """Why an expression has no effect, or another one than it seems to have, and the cure."""
    if everything:
        return (
            f"is never asked: {everything} stands above it and matches everything",
            "put it above that line",
        )
    if expression.negated:
        return None
    shape = _shape(expression)
    if told := _against_addresses(shape):
        return told
    if shape.literal and not addresses.is_address(shape.literal):
        cure = "write an expression for the address alone, as in /^info@example\\.test$/"
        return "never matches: what stands there is not an address", cure
    if shape.literal in after.aliases:
        return f"is never asked: {aliases.PATH} has {shape.literal}, which comes first", "keep one of the two"
    if "i" in expression.alias.pattern[expression.alias.pattern.rfind("/") + 1 :]:
        return "minds capital letters, as the flag i says here (pcre_table(5))", "leave out the i"
    domain = shape.domain
    if domain and not _is_served(domain, served, whole=shape.body.endswith("$")):
        near = next((other for other in sorted(served) if edits(domain, other) <= 2), "")
        hint = f"write {near}, or " if near else ""
        cure = f"{hint}add an account or an alias in {domain}, if its mail is to come here"
        return f"matches no mail that comes here: nobody has an address in {domain}", cure
    return None


def _against_addresses(shape: _Shape) -> tuple[str, str] | None:
    """Why no whole address can match: an expression is asked for nothing else (virtual(5))."""
    body, cure = shape.body, "write an expression for the whole address, as in /^info@example\\.test$/"
    if not shape.is_single:
        return None
    if re.match(r"\^\(?@", body):
        return "never matches: an address does not begin with @", "take out the ^, or write ^.*@"
    if re.search(r"@\)?\$\Z", body):
        return "never matches: an address does not end with @", "take out the $, or write @.*$"
    bare = re.sub(r"\\[^A-Za-z0-9@]", "", body)
    if body.startswith("^") and body.endswith("$") and "." not in bare and not _TAKES_AT.search(bare):
        return "never matches: it is asked for whole addresses, and has no place for an @", cure
    return None


def _is_served(domain: str, served: Iterable[str], *, whole: bool) -> bool:
    pattern = re.compile(re.escape(domain).replace(r"\.", "."))
    return any(pattern.fullmatch(other) if whole else pattern.match(other) for other in served)


def _misspelt_domains(
    before: Desired, after: Desired, touched: Collection[str], files: Mapping[str, TreeFile]
) -> Iterator[Problem]:
    """New domains with aliases alone that are a letter away from one with accounts."""
    domains: dict[str, str] = {}
    for source in touched:
        domains.setdefault(source.rpartition("@")[2], source)
    for domain, source in domains.items():
        if domain in after.domains or domain in before.alias_domains or domain in before.domains:
            continue
        near = next((other for other in sorted(after.domains) if _is_misspelt(domain, other)), "")
        if near:
            message = f"nobody has a mailbox in {domain}, where {source} is; did you mean {near}?"
            cure = f"if {domain} is meant, leave it as it is; else write {near}"
            yield place_of(aliases.PATH, source, files).problem(message, cure, source)


def _is_misspelt(domain: str, other: str) -> bool:
    """Whether a letter is missing, too many or swapped; other digits or another top level are meant."""
    mine, theirs = domain.rpartition("."), other.rpartition(".")
    digits = re.sub(r"\D", "", domain) == re.sub(r"\D", "", other)
    return digits and mine[2] == theirs[2] and edits(mine[0], theirs[0]) == 1
