"""The way of mail to the mailboxes of every domain: a table may send one domain elsewhere."""

from __future__ import annotations

import pwd
import re
from collections.abc import Callable

from agent.canary.steps import PASSED, Finding, Ground, Step, Verdict, failed, without_remarks
from services.postfix.answers import PROGRAM
from services.postfix.routes import IDENTITY, Route, route_of
from services.postfix.strangers import some_of_each_domain
from services.postfix.tables import tables
from services.postfix.ways import NO_WAY, ask_lmtp

ABOUT = "transport_maps virtual_transport local_transport mydestination relay_domains virtual_alias_domains"
DEADLINE = 2.0
HANDED_ON = (
    "mailbox_transport",
    "mailbox_transport_maps",
    "fallback_transport",
    "fallback_transport_maps",
    "luser_relay",
)
"""Parameters by which local(8) has somebody else deliver."""
REWRITES = ("canonical_maps", "recipient_canonical_maps", "virtual_alias_maps")
OURS = frozenset(["lmdb:/etc/postfix/virtual", "pcre:/etc/postfix/regexp"])
NEEDED = ("virtual_mailbox_base", "virtual_uid_maps", "virtual_gid_maps")
"""Parameters without which virtual(8) delivers nothing."""


def every_domain(ground: Ground) -> Step | None:
    """The step, where mailboxes are kept here."""
    people = {each.rpartition("@")[2]: each for each in reversed(some_of_each_domain(ground.root))}
    if not people or not ground.address:
        return None
    return Step("delivery for every domain", lambda ground: _look(ground, list(people.values())), about=ABOUT)


def _look(ground: Ground, people: list[str]) -> Finding:
    ways: dict[Route, str] = {}
    for address in people:
        if route := route_of(ground.root, address):
            ways.setdefault(route, address)
    for route, address in ways.items():
        if lost := _rewritten_to_nobody(ground, address):
            return failed(lost)
        if route.transport in NO_WAY:
            return failed(f"mail of {address} is sent to {route.transport}:")
        if route.near and route.transport.startswith("lmtp") and len(ways) > 1:
            found = ask_lmtp(ground, route, address)
            if found.verdict == Verdict.FAILED:
                return found
        elif wrong := _wrong(ground, route, address):
            return failed(wrong)
    return PASSED


def _wrong(ground: Ground, route: Route, address: str) -> str:
    ran = ground.runner(("postconf", "-M", f"{route.transport}/unix"), DEADLINE)
    row = [] if ran.code else without_remarks(ran.output, "postconf").split()
    if len(row) <= PROGRAM:
        return f"mail of {address} is given to {route.transport}, which is not a transport of master.cf"
    check = CHECKS.get(row[PROGRAM])
    return check(ground, address) if check else ""


def _rewritten_to_nobody(ground: Ground, address: str) -> str:
    """What is wrong with the addresses that somebody's own tables put in the place of a mailbox's."""
    maps = {
        table: name
        for name, value in zip(REWRITES, _values(ground, *REWRITES), strict=False)
        for table in tables(value)
        if str(table) not in OURS and str(table) != IDENTITY
    }
    keys = (address, f"@{address.rpartition('@')[2]}")
    for table, name in maps.items():
        asked = (ground.runner(("postmap", "-q", key, str(table)), DEADLINE) for key in keys)
        result = next((ran.output for ran in asked if not ran.code and ran.output.strip()), "")
        others = [each for each in re.split(r"[,\s]+", result.strip()) if each]
        if others and all(_is_nobody(ground, each) for each in others):
            return f"{name} turns {address} into {', '.join(others)}, and there is no such mailbox"
    return ""


def _is_nobody(ground: Ground, address: str) -> bool:
    route = route_of(ground.root, address) if "@" in address else None
    if not route or not route.near or not route.transport.startswith("lmtp"):
        return False
    return ask_lmtp(ground, route, address).verdict == Verdict.FAILED


def _local(ground: Ground, address: str) -> str:
    if any(_values(ground, *HANDED_ON)):
        return ""
    user = address.rpartition("@")[0]
    try:
        pwd.getpwnam(user)
    except KeyError:
        maps = " ".join(_values(ground, "alias_maps"))
        asked = (ground.runner(("postmap", "-q", user, str(table)), DEADLINE) for table in tables(maps))
        known = any(not ran.code and ran.output.strip() for ran in asked)
        return "" if known else f"mail of {address} is given to local(8), which knows no user {user}"
    return ""


def _virtual(ground: Ground, address: str) -> str:
    missing = [n for n, value in zip(NEEDED, _values(ground, *NEEDED), strict=False) if not value]
    return f"mail of {address} is given to virtual(8), and {missing[0]} is empty" if missing else ""


def _values(ground: Ground, *names: str) -> list[str]:
    ran = ground.runner(("postconf", "-xh", *names), DEADLINE)
    return [line.strip() for line in ran.output.splitlines() if not line.startswith("postconf: ")]


CHECKS: dict[str, Callable[[Ground, str], str]] = {"local": _local, "virtual": _virtual}
