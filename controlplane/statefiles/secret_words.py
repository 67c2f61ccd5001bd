"""Tells secrets from harmless values in the same places.

Files of many readers are looked at alike here: names that mean a password, values that are a reference or
a hash, log-ins within URLs, and passwords that are given within a value (`args = password=…`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from controlplane.sealing import is_sealed_value

NAME = (
    r"(?:[\w.-]*?(?:password|passwd|passphrase|dnpass|dbpass|bind_?pw|secret|api[_-]?key|secret[_-]?(?:access[_-]?)?key|token|privkey"
    r"|hash_nonce|api_header)|(?:[\w.-]*[_.-])?(?:pass|pw))"
)
"""A name whose value is a secret, whoever reads it: `imapc_password`, `bind_pw`, `apikey`."""
NO_SECRET = re.compile(r"(?i)(?:.*[_.-])?(?:no_?password|by_?pass|multi_?pass|single_?pass)")
"""Names that end as those do and mean something else."""

_HASH = (
    r"\$[0-9a-z][0-9a-z-]{0,15}\$\S+|\{(?!PLAIN[.}-]|CLEAR|PLAIN-TRUNC)[A-Z0-9.-]+\}\S+|\{PLAIN-MD5[.}]\S+"
)
_REFERENCES = {
    "dovecot": rf"{_HASH}|%\{{[^}}]+\}}.*|%[A-Za-z]|\$[A-Z]\w*(?::\w+)?|\$\{{[^}}]*\}}|<.*|#hidden.*",
    "ucl": rf"{_HASH}|\$\{{?[A-Z_][A-Z0-9_]*\}}?|\{{[={{%].*|true|false|null|nil",
    "ini": r"%\([\w.-]+\)s|<[\w.-]+>",
    "perl": r"",
    "literal": r"",
}
REFERENCES = {kind: re.compile(pattern) for kind, pattern in _REFERENCES.items()}
"""By the kind of a reader: values that are no secret, since they say where it is, or are its hash."""


class Found(NamedTuple):
    """A secret within a text: its offsets, and its kind."""

    start: int
    end: int
    what: str = "a password in the clear"


_URL = re.compile(
    r"\b[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s/?#\"'<>@:]{0,100}:(?P<value>[^\s\"'<>]{0,200}?)@(?=[\[\w.%$-])"
)
_URL_REFERENCE = re.compile(r"[%$<{*].*|\**|x+|\.+")
_PLAIN = re.compile(
    r"\{(?:PLAIN|CLEAR|CLEARTEXT|PLAIN-TRUNC)(?:\.[A-Za-z0-9]+)?\}(?P<value>[^\s|\"']+)", re.I
)
_INNER = re.compile(
    rf"(?i)(?<![\w.-])(?P<name>{NAME})=(?:(?P<quote>[\"'])(?P<quoted>(?:(?!(?P=quote)).)+)(?P=quote)"
    r"|(?P<bare>[^\s\"']+))"
)
_REDIS = re.compile(r"\bredis:\S*?\bpassword=(?P<value>age:[A-Za-z0-9+/=]+|[^:\s]+)")
_PINNED = re.compile(r"env:[A-Z][A-Z0-9_]*:[0-9a-f]{16,}")
"""What a release says of a secret that the container's environment pins (release/placeholders.py)."""
_SCHEME = re.compile(r"\{[A-Za-z0-9.-]+\}")


def logins_of_urls(text: str, start: int = 0, end: int | None = None) -> Iterator[Found]:
    """Passwords of `scheme://user:password@host` (RFC 3986, 3.2.1)."""
    end = len(text) if end is None else end
    if text.find("://", start, end) < 0 or text.find("@", start, end) < 0:
        return
    for url in _URL.finditer(text, start, end):
        if not _URL_REFERENCE.fullmatch(url["value"]) and not is_sealed_value(url["value"]):
            yield Found(*url.span("value"), "a URL with a password in the clear")


def holds_login(value: str) -> bool:
    """Whether the value contains a URL with a password in the clear."""
    return "@" in value and any(True for _ in logins_of_urls(value))


def plain_schemes(text: str, start: int = 0, end: int | None = None) -> Iterator[Found]:
    """Passwords after a scheme of Dovecot that keeps them readable: `{PLAIN}…`."""
    for found in _PLAIN.finditer(text, start, len(text) if end is None else end):
        if not is_sealed_value(found["value"]) and not found["value"].startswith("%"):
            yield Found(*found.span("value"))


def within(text: str, start: int, end: int, kind: str) -> Iterator[Found]:
    """Secrets that are part of a value: credentials in URLs, plain schemes, `password=…`."""
    yield from logins_of_urls(text, start, end)
    yield from plain_schemes(text, start, end)
    redis = _REDIS.search(text, start, end)
    if redis is not None:
        if not is_sealed_value(redis["value"]):
            yield Found(*redis.span("value"))
        return
    for found in _INNER.finditer(text, start, end):
        group = "quoted" if found["quoted"] is not None else "bare"
        if not NO_SECRET.fullmatch(found["name"]) and is_secret(found[group], kind):
            plain = next(plain_schemes(text, *found.span(group)), None)
            if plain is None:  # told above
                yield Found(*found.span(group))


def is_secret(value: str, kind: str) -> bool:
    """Whether a value in the place of a password is really one."""
    bare = _SCHEME.sub("", value, count=1)
    if not value or is_sealed_value(bare) or _PINNED.fullmatch(bare):
        return False
    return not REFERENCES[kind].fullmatch(value)
