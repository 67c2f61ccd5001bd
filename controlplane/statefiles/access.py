"""postfix-send-access.cf and postfix-receive-access.cf: who may not send or receive (access(5)).

`address action`, where the address may also be a domain, `user@`, or `<>` for the null sender.
"""

from __future__ import annotations

import re

from controlplane import addresses
from controlplane.statefiles.tables import Malformed, Table

_ACTIONS = frozenset(
    {"OK", "REJECT", "DEFER", "DEFER_IF_REJECT", "DEFER_IF_PERMIT", "BCC", "DISCARD", "DUNNO", "FILTER"}
    | {"HOLD", "INFO", "PREPEND", "REDIRECT", "WARN", "PERMIT"}
)
_RESTRICTION = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+")
"""The name of a restriction, or of a class of them (smtpd_restriction_classes)."""
_CODE = re.compile(r"[245][0-9]{2}|[0-9]+")


def _read(entry: str) -> tuple[str, str]:
    who, _, action = entry.replace("\t", " ").partition(" ")
    action = action.strip()
    if not is_pattern(who):
        raise Malformed(
            f'"{who}" is not an address', "write user@example.test, a domain, or user@ for every domain", who
        )
    if not action:
        raise Malformed(f"{who} has no action", "write REJECT behind it, or another action of access(5)")
    word = action.split()[0].rstrip(",")
    if word.upper() not in _ACTIONS and not _RESTRICTION.fullmatch(word) and not _CODE.fullmatch(word):
        raise Malformed(
            f'"{word}" is not an action', "write REJECT, or another action of access(5)", action.split()[0]
        )
    return who.lower(), action


def is_pattern(text: str) -> bool:
    """Whether this is a pattern of access(5): address, domain (`.domain`: those below it), `user@`, `<>`."""
    if text == "<>" or addresses.is_address(text):
        return True
    return (
        addresses.is_local(text[:-1]) if text.endswith("@") else addresses.is_domain(text.removeprefix("."))
    )


SEND = Table(
    path="config/postfix-send-access.cf",
    noun="restriction of",
    listed_by="setup email restrict list send",
    mark="",
    read=_read,
)
RECEIVE = Table(
    path="config/postfix-receive-access.cf",
    noun="restriction of",
    listed_by="setup email restrict list receive",
    mark="",
    read=_read,
)
