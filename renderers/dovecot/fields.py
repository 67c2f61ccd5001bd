"""Fields of accounts as Dovecot 2.4 has them, from those that people wrote for 2.3.

Dovecot passes over names that it does not know in a passwd-file: mail would go to the general place, and a
limit would be none. What is 2.4's already stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

_UNITS = {"b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_GRACE_PART = 10
"""The message that crosses a limit is taken if it exceeds it by no more than the limit divided by this."""
_PREFIX = "userdb_"
_RULE = re.compile(r"\*:(?:(?P<what>storage|bytes)=(?P<size>[0-9]+)(?P<unit>[BbKkMmGgTt]?))")
_QUOTA_RULE = re.compile(r"quota_rule[0-9]*")
_VARIABLE = re.compile(r"%(?P<modifiers>[LU]*)(?P<name>[undh%])|%\{(?P<long>user|username|domain|home)\}")
_VARIABLES = {
    "u": "user",
    "user": "user",
    "n": "user|username",
    "username": "user|username",
    "d": "user|domain",
    "domain": "user|domain",
}
"""Without blanks, which end a field."""
_MODIFIERS = {"L": "|lower", "U": "|upper"}
_HOME = "~"
"""Where a home is not known yet, as in a passwd-file."""
_OPTIONS = {
    "INDEX": "mail_index_path",
    "INDEXPVT": "mail_index_private_path",
    "CONTROL": "mail_control_path",
    "INBOX": "mail_inbox_path",
    "ALT": "mail_alt_path",
    "VOLATILEDIR": "mail_volatile_path",
    "LAYOUT": "mailbox_list_layout",
    "SUBSCRIPTIONS": "mailbox_subscriptions_filename",
    "DIRNAME": "mailbox_directory_name",
    "MAILBOXDIR": "mailbox_root_directory_name",
}
"""Settings of the options behind a location (doc.dovecot.org 2.3, "Mail location settings")."""


def octets(text: str) -> int:
    """A size of a quota rule of 2.3 in octets: without a unit it counts KiB."""
    number, unit = (text, "k") if text[-1].isdigit() else (text[:-1], text[-1].lower())
    return int(number) * _UNITS[unit]


def grace(limit: int) -> int:
    """What the message that crosses a limit may have beyond it, in octets like the limit."""
    return limit // _GRACE_PART


def size(limit: int) -> str:
    """A limit in octets as a setting's value; 0 is none."""
    return f"{limit}B" if limit else "unlimited"


def limit(text: str) -> str:
    """The fields of an account with a limit of its own; 0 is none."""
    number = octets(text)
    return f"{_PREFIX}quota_storage_size={size(number)} {_PREFIX}quota_storage_grace={grace(number)}B"


@lru_cache(maxsize=256)
def translated(attributes: str) -> str:
    """The attributes of an account in the dialect of 2.4, in their order."""
    return " ".join(new for field in attributes.split() for new in _translated(field))


def _translated(field: str) -> Iterator[str]:
    name, equals, value = field.partition("=")
    if not equals or not name.startswith(_PREFIX):
        yield field
        return
    short = name.removeprefix(_PREFIX)
    if _QUOTA_RULE.fullmatch(short):
        rule = _RULE.fullmatch(value)
        yield _limit(rule) if rule else field
        return
    value = _VARIABLE.sub(_variable, value)
    if of := _NEW_NAMES.get(short):
        yield from (f"{_PREFIX}{new}={text}" for new, text in of(value).items())
    else:
        yield f"{name}={value}"


def _limit(rule: re.Match[str]) -> str:
    default = "B" if rule["what"] == "bytes" else "K"
    return limit(rule["size"] + (rule["unit"] or default))


def _variable(found: re.Match[str]) -> str:
    name = found["name"] or found["long"]
    if name in ("h", "home"):
        return _HOME
    if name == "%":
        return "%%"
    return f"%{{{_VARIABLES[name]}{''.join(_MODIFIERS[each] for each in found['modifiers'] or '')}}}"


def _location(value: str) -> Mapping[str, str]:
    """`driver:path:OPTION=…` in a setting each."""
    driver, _, rest = value.partition(":")
    path, *options = rest.split(":")
    settings = {"mail_driver": driver, "mail_path": path}
    for option in options:
        name, _, text = option.partition("=")
        if name in _OPTIONS:
            settings[_OPTIONS[name]] = text
    return settings


def _script(value: str) -> Mapping[str, str]:
    """`file:path;active=link`."""
    path, *options = value.removeprefix("file:").split(";")
    active = next((text.removeprefix("active=") for text in options if text.startswith("active=")), "")
    return {"sieve_script/personal/path": path, "sieve_script/personal/active_path": active}


def _default_script(value: str) -> Mapping[str, str]:
    return {"sieve_script/default/path": value.removeprefix("file:").partition(";")[0]}


_NEW_NAMES: Mapping[str, Callable[[str], Mapping[str, str]]] = {
    "mail": _location,
    "sieve": _script,
    "sieve_default": _default_script,
}
