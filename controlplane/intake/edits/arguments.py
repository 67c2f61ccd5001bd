"""Validates the arguments of commands before they become part of a line.

A blank, a bar, a colon or a line break in an argument would begin another field or another line: the row
would mean something that nobody asked for. These refusals speak of the argument, as no line exists yet.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address
from typing import Any

from controlplane import addresses
from controlplane.errors import Refused, UsageError
from controlplane.statefiles import access, masters, quotas
from controlplane.statefiles.parsed import printable

Arguments = Mapping[str, Any]

_IPV6 = "ipv6:"
"""How Postfix marks such an address in brackets (postconf(5), smtp_address_preference; RFC 5321 4.1.3)."""
_PORT = re.compile(r"[0-9]{1,5}|[a-z][a-z0-9-]*")
_PORTS = range(1, 1 << 16)
_DOMAIN_CURE = "write it as example.test: labels of letters, digits and hyphens with dots between them"


def need(given: Arguments, name: str) -> str:
    """A required text argument; raises UsageError if it is missing, Refused if it would be a comment."""
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise UsageError.because(f"{name} is missing", "see the help of the command")
    if value.startswith("#"):
        raise Refused.because(f"{value} would be a comment", "a line that starts with # has no effect")
    return value


def address(given: Arguments, name: str = "address") -> str:
    """A mail address as written; raises Refused if it is none."""
    text = need(given, name)
    if complaint := addresses.complaint(text):
        raise Refused.because(f"{_quoted(text)} is not an address: {complaint[0]}", complaint[1])
    return text


def restricted(given: Arguments) -> str:
    """A pattern of access(5): an address, a domain, `user@` or `<>`; raises Refused."""
    text = need(given, "address")
    return text if access.is_pattern(text) else address(given)


def size(given: Arguments) -> str:
    """The size of a quota; raises Refused. In a file one without unit counts KiB, which nobody means here."""
    text = need(given, "size")
    if fault := quotas.size_fault(text):
        raise Refused.because(printable(fault), quotas.SIZE_CURE)
    if not quotas.has_unit(text):
        raise Refused.because(f'"{text}" has no unit', quotas.SIZE_CURE)
    return text


def master_name(given: Arguments) -> str:
    """The name of a master account; raises Refused."""
    text = need(given, "name")
    if not masters.is_name(text):
        raise Refused.because(f"{_quoted(text)} cannot be a master account", masters.NAME_CURE)
    return text


def sender(given: Arguments) -> str:
    """A sender whose mail is relayed: an address, or a domain with or without its @; raises Refused."""
    text = need(given, "domain")
    if addresses.is_address(text):
        return text
    domain = text.removeprefix("@")
    if "@" in domain:
        return address(given, "domain")
    if not addresses.is_host_name(domain):
        raise Refused.because(f"{_quoted(text)} is not a domain", _DOMAIN_CURE)
    return f"@{domain}"


def relay_host(given: Arguments, default_port: str) -> str:
    """A relay host as `[host]:port`; raises Refused for a malformed host or port."""
    text, port = need(given, "host"), str(given.get("port") or default_port)
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if not (addresses.is_host_name(bare) or _is_ip(bare)):
        cure = "write the host's name or address alone, its port behind it: mail.example.test 587"
        raise Refused.because(f"{_quoted(text)} is not a relay host", cure)
    if not _PORT.fullmatch(port) or (port.isdigit() and int(port) not in _PORTS):
        raise Refused.because(f"{_quoted(port)} is not a port", "write a number from 1 to 65535, such as 587")
    return f"[{bare}]:{port}"


def user_name(given: Arguments) -> str:
    """The user name for logging in at a relay host; raises Refused."""
    text = need(given, "username")
    if ":" in text or any(c.isspace() or not c.isprintable() for c in text):
        raise Refused.because(
            "the user's name holds a colon, white space or control characters",
            "Postfix ends the name at a colon, and the row at a line break: use another",
        )
    return text


def targets(given: Arguments) -> list[str]:
    """The targets of an alias from a comma-separated list; raises UsageError if the list is empty."""
    text = str(given.get("target") or "")
    found = [part.strip() for part in text.split(",") if part.strip()]
    if text and not found:
        raise UsageError.because(
            "target names nobody", "write one or more addresses with commas between them"
        )
    return found


def _is_ip(text: str) -> bool:
    marked = text.lower().startswith(_IPV6)
    try:
        found = ip_address(text[len(_IPV6) :] if marked else text)
    except ValueError:
        return False
    return not marked or isinstance(found, IPv6Address)


def _quoted(text: str) -> str:
    """The argument in quotes, cut at a bar, after which somebody may have written a password hash."""
    name, bar, _ = text.partition("|")
    return f'"{printable(name)}{bar and "|…"}"'
