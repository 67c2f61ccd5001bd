"""postfix-relaymap.cf and postfix-sasl-password.cf: whose mail leaves by which host, and as whom.

The first is sender_dependent_relayhost_maps, the second smtp_sasl_password_maps of postconf(5): asked for
the sender's address, then for `@domain`; the second also for the relay host, exactly as it is written there.
"""

from __future__ import annotations

import re

from controlplane import addresses
from controlplane.sealing import is_sealed_value
from controlplane.statefiles.tables import Malformed, Table

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
            raise Malformed(f'"{hop}" is not a relay host', cure, hop)
    return sender.lower(), ", ".join(hops)


def _read_credentials(entry: str) -> tuple[str, str]:
    key, _, value = entry.replace("\t", " ").partition(" ")
    if not is_sender(key) and not is_host(key):
        cure = f"{_SENDER_CURE}, or the relay host as it is written in postfix-relaymap.cf"
        raise Malformed("the line starts with neither a sender nor a relay host", cure, _shown(key))
    value = value.strip()
    user, colon, password = value.partition(":")
    if not is_sealed_value(value) and not (user and colon and password):
        raise Malformed(f"{_shown(key)} has no user and password", "write user:password behind it")
    return key.lower(), value


def masked(line: str) -> str:
    """The line without what may be a password, which may stand in any other's place by mistake."""
    words = line.split(maxsplit=1)
    user = user_of(words[1]) if len(words) > 1 else ""
    return f"{_shown(words[0])} {user}{':' if user else ''}…"


def _shown(key: str) -> str:
    certain = is_sender(key) or (is_host(key) and not re.search(r":[^\]]*[a-z]", key))
    return key if certain else key.partition(":")[0] + "…"


def user_of(credentials: str) -> str:
    """The name that credentials log in with; empty where it is sealed too."""
    user, colon, _ = credentials.partition(":")
    return "" if not colon or is_sealed_value(credentials) else user


ROUTES = Table(
    path="config/postfix-relaymap.cf",
    noun="relay host for",
    listed_by="mailctl show relay",
    mark="",
    read=_read_route,
)
CREDENTIALS = Table(
    path="config/postfix-sasl-password.cf",
    noun="relay credentials for",
    listed_by="mailctl show relay",
    mark="",
    read=_read_credentials,
    masked=masked,
)
