"""Constraints on the settings in effect: between several settings, and on the server's name.

A state that holds such a setting from an older version stays readable; a change that brings it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from controlplane.errors import Problem
from controlplane.settings import ENV_FILE, Settings

_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_SERVER_NAME = re.compile(
    rf"(?=.{{1,253}}\Z)(?!localhost\.)(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?"
)
"""The same rule as that of mailserver-start, which refuses such a name of the container."""


def contradictions(settings: Settings) -> tuple[Problem, ...]:
    """Contradictions among the effective settings, as problems at line 0 without an excerpt."""
    found = (*_name(settings), *_certificates(settings), *_sizes(settings))
    return tuple(Problem(ENV_FILE, 0, message, cure) for message, cure in found)


def _name(settings: Settings) -> Iterator[tuple[str, str]]:
    """RFC 1123 labels, at least two of them, the last not a number (that would be an address)."""
    name = settings.override_hostname
    if name and not _SERVER_NAME.fullmatch(name.lower()):
        yield (
            f"OVERRIDE_HOSTNAME={name} is not a fully qualified domain name; other servers refuse mail from "
            "a host that greets without one",
            "write one with a domain, such as OVERRIDE_HOSTNAME=mail.example.com, or remove the line",
        )


def _certificates(settings: Settings) -> Iterator[tuple[str, str]]:
    given = {
        "SSL_CERT_PATH": settings.ssl_cert_path,
        "SSL_KEY_PATH": settings.ssl_key_path,
    }
    alternative = {
        "SSL_ALT_CERT_PATH": settings.ssl_alt_cert_path,
        "SSL_ALT_KEY_PATH": settings.ssl_alt_key_path,
    }
    if settings.ssl_type == "manual":
        for name in (name for name, path in given.items() if not path):
            yield f"SSL_TYPE=manual needs {name}", f"set {name} to a path in the container"
    if any(alternative.values()) and not all(alternative.values()):
        missing = next(name for name, path in alternative.items() if not path)
        yield f"the second certificate needs {missing} too", f"set {missing}, or remove the other one"


def _sizes(settings: Settings) -> Iterator[tuple[str, str]]:
    # Postfix's delivery agents refuse to work so: postconf(5), mailbox_size_limit
    mailbox, message = settings.postfix_mailbox_size_limit, settings.postfix_message_size_limit
    if mailbox and (not message or mailbox < message):
        yield (
            f"POSTFIX_MAILBOX_SIZE_LIMIT ({mailbox}) is smaller than POSTFIX_MESSAGE_SIZE_LIMIT "
            f"({message or 'no limit'})",
            "make the mailbox limit at least as large as the message limit, or 0 for none",
        )


def without_effect(settings: Settings, name: str) -> str:
    """Why a given setting has no effect with the others as they are; empty if it has one."""
    if name not in ("RELAY_USER", "RELAY_PASSWORD", "RELAY_PORT"):
        return ""
    if name == "RELAY_PORT":
        return "" if settings.relay_host else "no effect without RELAY_HOST"
    missing = [
        other
        for other, value in (("RELAY_USER", settings.relay_user), ("RELAY_PASSWORD", settings.relay_password))
        if not value
    ]
    if not (settings.relay_host or settings.default_relay_host):
        missing.append("DEFAULT_RELAY_HOST or RELAY_HOST")
    return f"no effect without {' and '.join(missing)}" if missing else ""
