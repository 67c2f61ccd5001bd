"""Variables in values: `%u`, `%Ld`, `%{rip}` of 2.3, and `%{user | domain | lower}` of 2.4.

2.4 leaves the old ones in the text as they are, without a word.
(doc.dovecot.org, "Config Variables" of 2.3, "Settings Variables" of 2.4.)
"""

from __future__ import annotations

import re

from renderers.dovecot.dialects.variable_names import MAIL, Variables

_OLD = re.compile(
    r"%(?P<width>-?[0-9]*(?:\.-?[0-9]+)?)(?P<modifiers>[LUEXRHNMDT]*)(?:\{(?P<long>[^{}]*)\}|(?P<short>.))"
)
_NESTED = re.compile(r"%\{if;")
_PIPED = re.compile(r"%\{[^{}]*(?:\||\()[^{}]*\}")
_FILTERS = {"L": " | lower", "U": " | upper"}
_HEX = re.compile(r"0([0-9]+)")
_PROVIDERS = ("env:", "system:", "process:", "userdb:", "passdb:", "ldap:", "dict:", "event:")


class Untranslatable(Exception):
    """What has no equivalent in 2.4: a reason, and what to do."""

    def __init__(self, reason: str, cure: str) -> None:
        self.reason, self.cure = reason, cure
        super().__init__(reason)


def translate(value: str, known: Variables = MAIL) -> str:
    """A value of 2.3 with the variables of 2.4; raises Untranslatable."""
    if _NESTED.search(value):
        raise Untranslatable(
            "%{if;…} is gone", "write it with 2.4's `%{user | if('=', …)}`, or without a condition"
        )
    if "%%" in value and re.search(r"%%[undh]", value):
        raise Untranslatable(
            "%%u, %%n, %%d and %%h of shared namespaces are gone", "use $user and %{owner_home}"
        )
    return _OLD.sub(lambda found: _one(found, known), value)


def of_new_form(value: str) -> bool:
    """Whether a variable is in it that only 2.4 knows, as it has filters."""
    return _PIPED.search(value) is not None


def old_form(value: str, known: Variables = MAIL) -> str:
    """The first variable in a value that only 2.3 knows, "" if there is none; 2.4 takes it for text."""
    for found in _OLD.finditer(value):
        long, short = found["long"], found["short"]
        if long is None and short in known.short and not ("://" in value and found["width"]):
            return found[0]
        if long is not None and (found["modifiers"] or found["width"] or known.long.get(long, long) != long):
            return found[0]
    return "%{if;" if _NESTED.search(value) else ""


def _one(found: re.Match[str], known: Variables) -> str:
    long, short, whole = found["long"], found["short"], found[0]
    plain = not found["modifiers"] and not found["width"]
    if whole == "%%":
        return "%"
    if long is not None and plain and (of_new_form(whole) or long.startswith(_PROVIDERS)):
        return _provided(long)
    name = known.long.get(long) if long is not None else known.short.get(short)
    if name is None and long is not None and plain and re.fullmatch(r"[a-z0-9_]+", long):
        name = long if long in {part.partition(" ")[0] for part in known.long.values()} else None
    if name is None:
        raise Untranslatable(
            f"{whole} is no variable of 2.4", "write what it stands for in 2.4's form, %{user}"
        )
    return f"%{{{name}{_filters(whole, found['modifiers'], found['width'])}}}"


def _provided(long: str) -> str:
    head, colon, default = long.partition(":")[2].partition(":")
    if colon and "|" not in long:
        return f"%{{{long.partition(':')[0]}:{head} | default('{default}')}}"
    return f"%{{{long}}}"


def _filters(whole: str, modifiers: str, width: str) -> str:
    hexadecimal = _HEX.fullmatch(width)
    if modifiers == "X" and (hexadecimal or not width):
        return f" | hex({int(hexadecimal[1])})" if hexadecimal else " | hex"
    unknown = set(modifiers) - set(_FILTERS)
    if unknown or width:
        cure = "see `md5`, `substr`, `hex` among 2.4's filters (doc.dovecot.org, Settings Variables)"
        raise Untranslatable(f"{whole} has modifiers that 2.4 has no same ones for", cure)
    return "".join(_FILTERS[letter] for letter in modifiers)
