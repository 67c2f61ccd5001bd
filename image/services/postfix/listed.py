"""Whom the tables of restrictions name: clients they let in, senders they refuse, senders that users may be.

What concerns the server's own address alone says nothing of people, and what serves those alone who are
listed may be meant so (access(5), postconf(5)).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence

from agent.canary.steps import Ground
from services.postfix.answers import pairs
from services.postfix.tables import Table, group, tables, words

REFUSES = re.compile(r"(?i)(?:reject|defer|discard|[45]\d\d)\b")
CLIENTS = ("check_client_access",)
SENDERS = ("check_sender_access",)
ROW = re.compile(r"(\[?[0-9a-fA-F:.]+\]?(?:/\d+)?)[\s=]+(\S+)")
SOMEBODY = ("someone@example.com", "example.com", "com", "someone@")
"""What access(5) looks up for a sender from elsewhere."""
THEIRS = (
    "From: Somebody <someone@example.com>",
    "Subject: Hello",
    "Message-ID: <1@example.com>",
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=us-ascii",
)
"""Headers as they are in everybody's messages."""
LOGIN_MAPS = "smtpd_sender_login_maps"
DEADLINE = 2.0
LONGEST = 1 << 20


def listed_clients(ground: Ground) -> list[str]:
    """An address of each network that `mynetworks` or a table of clients lets in, but for loopback."""
    rows = _settings(ground)
    found = [
        word.replace("[", "").replace("]", "")
        for name, value in rows
        if name == "mynetworks"
        for word in words(value)
    ]
    for table in _tables(rows, CLIENTS):
        found += [
            match[1]
            for match in map(ROW.match, _rows(ground, table))
            if match and not REFUSES.match(match[2])
        ]
    return list(dict.fromkeys(address for each in found for address in _first(each)))


def _first(network: str) -> Iterator[str]:
    try:
        found = ipaddress.ip_network(network.strip("[]"), strict=False)
    except ValueError:
        return
    if found.version == 4 and found.prefixlen and not found.is_loopback:
        yield str(next(iter(found.hosts()), found.network_address))


def senders_are_refused(ground: Ground) -> bool:
    """Whether a table of senders refuses whoever comes from elsewhere, and lets nobody in."""
    return any(_refuses_all(ground, table) for table in _tables(_settings(ground), SENDERS))


def _refuses_all(ground: Ground, table: Table) -> bool:
    results = [
        row.rpartition("/")[2].split() if "/" in row else row.split()[1:] for row in _rows(ground, table)
    ]
    if any(words and not REFUSES.match(words[0]) for words in results):
        return False
    if any(row.startswith("!") for row in _rows(ground, table)):
        return False
    return any(_refused(ground, key, table) for key in SOMEBODY)


def _refused(ground: Ground, key: str, table: Table) -> bool:
    ran = ground.runner(("postmap", "-q", key, str(table)), DEADLINE)
    return not ran.code and bool(REFUSES.match(ran.output.strip()))


def may_send_as_oneself(ground: Ground, address: str) -> bool:
    """Whether the tables of senders' owners let a user send from the own address."""
    local, _, domain = address.rpartition("@")
    maps = [
        table for name, value in _settings(ground) if name.endswith(LOGIN_MAPS) for table in tables(value)
    ]
    for table in dict.fromkeys(maps):
        for key in (address, f"@{domain}"):
            ran = ground.runner(("postmap", "-q", key, str(table)), DEADLINE)
            owners = re.split(r"[\s,]+", ran.output.strip()) if not ran.code else []
            if {address, local} & set(owners):
                return True
    return False


def own_headers_are_refused(ground: Ground, headers: Sequence[str]) -> bool:
    """Whether header_checks(5) refuse a header of ours that nobody else writes so, and none of somebody's."""
    maps = [
        table
        for name, value in _settings(ground)
        if name.endswith("header_checks")
        for table in tables(value)
    ]
    return any(
        any(_refused(ground, each, table) for each in headers)
        and not any(_refused(ground, each, table) for each in THEIRS)
        for table in dict.fromkeys(maps)
    )


def _settings(ground: Ground) -> list[tuple[str, str]]:
    return [
        row
        for option in ("-nx", "-Px")
        for row in pairs(ground.runner(("postconf", option), DEADLINE).output)
    ]


def _tables(rows: Sequence[tuple[str, str]], checks: Sequence[str]) -> list[Table]:
    found: dict[Table, None] = {}
    for _, value in rows:
        check = ""
        for word in words(value):
            if check in checks:
                found |= dict.fromkeys(tables(word))
            check = word
    return list(found)


def _rows(ground: Ground, table: Table) -> list[str]:
    """The rows of a table of text, or of one in the parameter itself."""
    inner = group(table.place)
    if inner is not None:
        return [group(word) or word for word in words(inner)]
    try:
        path = ground.root / table.place.lstrip("/")
        text = path.read_text("utf-8", "replace") if path.stat().st_size <= LONGEST else ""
    except OSError:
        return []
    return [row.strip() for row in text.splitlines() if row.strip() and not row.lstrip().startswith("#")]
