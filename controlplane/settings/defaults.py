"""Defaults of settings, including those made of other settings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from controlplane.settings.field import Rule
from controlplane.settings.types import HOST_PATTERN

NO_HOST = "localhost"
"""Stands in for the host name of a node that has not reported a usable one."""


def domain_of(hostname: str) -> str:
    """The mail domain that a host name implies: without its first label, unless fewer than two remain."""
    first, _, rest = hostname.partition(".")
    return rest if first and "." in rest else hostname


def _usable(hostname: str) -> str:
    # settings must resolve for any name that a container engine takes; the container's start complains
    name = hostname.rstrip(".")
    return name if name and re.fullmatch(HOST_PATTERN, name) else NO_HOST


class Texts(Mapping[str, str]):
    """The effective text of each setting by its name in mailserver.env, and of HOSTNAME and DOMAINNAME."""

    def __init__(self, rules: Mapping[str, Rule], values: Mapping[str, str], hostname: str) -> None:
        name = values.get("OVERRIDE_HOSTNAME") or _usable(hostname)
        self._known = {"HOSTNAME": name, "DOMAINNAME": domain_of(name)}
        self._rules = rules
        self._values = values

    def __getitem__(self, name: str) -> str:
        if (known := self._known.get(name)) is not None:
            return known
        rule = self._rules[name]
        text = self._values.get(name) or rule.default
        if not text and rule.default_from:
            text = rule.default_from.format_map(self)
        self._known[name] = text
        return text

    def __iter__(self) -> Iterator[str]:
        return iter(self._rules)

    def __len__(self) -> int:
        return len(self._rules)
