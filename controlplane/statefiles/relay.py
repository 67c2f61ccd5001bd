"""postfix-relaymap.cf and postfix-sasl-password.cf: relay hosts by sender, and credentials for them.

The first is sender_dependent_relayhost_maps, the second smtp_sasl_password_maps of postconf(5): asked for
the sender's address, then for `@domain`; the second also for the relay host, exactly as it is written there.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from controlplane import addresses
from controlplane.sealing import is_sealed_value
from controlplane.statefiles.tables import Malformed, Table

_BLANK = " \t\n\v\f\r"
"""White space of the C locale (isspace(3)), which is what Postfix goes by."""
_PORT = r"(?::(?:[0-9]{1,5}|[a-z][a-z0-9-]*))?"
_IP6 = r"(?:ipv6:)?[0-9A-Fa-f:]+(?:\.[0-9.]+)?"
_HOST = re.compile(rf"(?:\[(?:{addresses.DOMAIN_PATTERN}|{_IP6})\]|{addresses.DOMAIN_PATTERN}){_PORT}")
_SENDER_CURE = "write @domain for all senders of a domain, or one address"


def is_host(text: str) -> bool:
    """Whether this names a next hop: a host or `[host]`, with or without a port."""
    found = _HOST.fullmatch(text)
    port = text.rpartition(":")[2] if found and not text.endswith("]") else ""
    return found is not None and not (port.isdigit() and not 0 < int(port) < 1 << 16)


def is_sender(text: str) -> bool:
    """Whether this is `@domain` or an address."""
    return addresses.is_address(text) or (text.startswith("@") and addresses.is_domain(text[1:]))


def _read_route(entry: str) -> tuple[str, str]:
    sender, _, hosts = entry.replace("\t", " ").partition(" ")
    if not is_sender(sender):
        raise Malformed(f'"{sender}" is not a sender', _SENDER_CURE, sender)
    hops = [hop for hop in re.split(r"[\s,]+", hosts) if hop]
    for hop in hops:
        if not is_host(hop):
            cure = "write [host]:port, or nothing for mail that is sent directly"
            if "@" in hop:  # it may be a log-in
                raise Malformed("what follows the sender is not a relay host, but may be a log-in", cure)
            raise Malformed(f'"{hop}" is not a relay host', cure, hop)
    return sender.lower(), ", ".join(hops)


class Credentials(NamedTuple):
    """A row of the credentials, split as postmap(1) and Postfix do: see `take_apart`."""

    key: str
    value: str
    user: str
    password: str

    @property
    def is_key(self) -> bool:
        """Whether the row starts with a valid key."""
        return is_sender(self.key) or is_host(self.key)


def end_of_key(line: str) -> int:
    """The offset after the key at the start of a line."""
    found = re.search(f"[{_BLANK}]", line.lstrip(_BLANK))
    return len(line) - len(line.lstrip(_BLANK)) + found.start() if found else len(line)


def take_apart(entry: str) -> Credentials:
    """The key ends at the first blank. Of what follows, blanks around it aside, the user is all before the
    first colon, blanks and all, and the password all behind it, also blanks that it starts with."""
    entry = entry.strip(_BLANK)
    end = end_of_key(entry)
    value = entry[end:].strip(_BLANK)
    user, _, password = value.partition(":")
    return Credentials(entry[:end], value, user, password)


def _read_credentials(entry: str) -> tuple[str, str]:
    row = take_apart(entry)
    if not row.is_key:
        cure = f"{_SENDER_CURE}, or the relay host as it is written in postfix-relaymap.cf"
        raise Malformed("the line starts with neither a sender nor a relay host", cure, shown_key(row.key))
    if not is_sealed_value(row.value) and not (row.user and row.password):
        raise Malformed(f"{shown_key(row.key)} has no user and password", "write user:password behind it")
    if not row.value.isprintable():
        raise Malformed(f"{shown_key(row.key)} has a control character behind it", "type the line anew")
    return row.key.lower(), row.value


def masked(line: str) -> str:
    """The line without any part that may be a password, which may be in any field by mistake."""
    row = take_apart(line)
    user = row.user if row.password and not is_sealed_value(row.value) and " " not in row.user else ""
    return f"{shown_key(row.key)} {user}{':' if user else ''}…"


def _masked_route(line: str) -> str:
    """The line without hosts that have a log-in, which no relay host has, before an @."""
    sender, _, hosts = line.strip().partition(" ")
    return f"{sender} …" if "@" in hosts or ":" in sender else line


def shown_key(key: str) -> str:
    """A key as it may be shown: what is no key may be a password."""
    certain = is_sender(key) or (is_host(key) and not re.search(r":[^\]]*[a-z]", key))
    return key if certain else key.partition(":")[0] + "…"


def user_of(credentials: str) -> str:
    """The user name of credentials; empty if it is sealed too."""
    user, colon, _ = credentials.partition(":")
    return "" if not colon or is_sealed_value(credentials) else user


ROUTES = Table(
    path="config/postfix-relaymap.cf",
    noun="relay host for",
    listed_by="mailctl show relay",
    mark="",
    read=_read_route,
    masked=_masked_route,
)
CREDENTIALS = Table(
    path="config/postfix-sasl-password.cf",
    noun="relay credentials for",
    listed_by="mailctl show relay",
    mark="",
    read=_read_credentials,
    masked=masked,
)
