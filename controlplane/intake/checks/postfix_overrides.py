"""The shape of postfix-main.cf and postfix-master.cf: each entry names a parameter and gives it a value.

Whether Postfix knows the parameter and likes the value is for its own checkers on the staged tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from controlplane.errors import Problem
from controlplane.intake.checks.alias_graph import MAX_DEPTH, MAX_RECIPIENTS
from controlplane.model import Override
from controlplane.statefiles.continuation_lines import logical_lines
from controlplane.statefiles.parsed import Place

# postconf(5): name = value; postconf(1) -P: service/type/parameter=value
_SHAPES = {
    "postfix-main.cf": (re.compile(r"[A-Za-z0-9_]+\s*=.*"), "write parameter = value"),
    "postfix-master.cf": (
        re.compile(r"[^\s/=]+/(?:inet|unix|unix-dgram|fifo|pass)/[A-Za-z0-9_]+\s*=.*"),
        "write service/type/parameter=value, such as submission/inet/smtpd_reject_unlisted_recipient=no",
    ),
}


def alias_limits(overrides: Mapping[str, Override]) -> tuple[int, int]:
    """(steps, recipients) that Postfix follows an alias for: its own limits, or those of postfix-main.cf."""
    limits = {"virtual_alias_recursion_limit": MAX_DEPTH, "virtual_alias_expansion_limit": MAX_RECIPIENTS}
    override = overrides.get("postfix-main.cf")
    if override is not None and b"virtual_alias_" in override.content:
        for entry in logical_lines(override.content.decode(errors="replace")):
            name, _, value = (part.strip() for part in entry.text.partition("="))
            if name in limits and value.isdecimal():
                limits[name] = int(value)
    return limits["virtual_alias_recursion_limit"], limits["virtual_alias_expansion_limit"]


def shape_problems(overrides: Mapping[str, Override]) -> Iterator[Problem]:
    """Each entry of the two files that is no assignment."""
    for name, (shape, cure) in _SHAPES.items():
        override = overrides.get(name)
        if override is None:
            continue
        for entry in logical_lines(override.content.decode(errors="replace")):
            if entry.is_orphan or not shape.fullmatch(entry.text):
                place = Place(f"config/{name}", entry.numbers[0] + 1, entry.parts[0].strip())
                yield place.problem("the line sets no parameter", cure)
