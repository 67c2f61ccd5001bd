"""The types of settings: each parses the text of one value and says what it expects.

An empty value never gets here: it means the default.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value must look like, in the words of an error message: "must be <expected>".

    `values` holds every permitted text where there are only a few.
    """

    expected: str
    values: tuple[str, ...] = ()


def _switch(raw: object) -> object:
    # stricter than pydantic's own bool, which takes "yes", "t" and "on" as well
    return {"0": False, "1": True}.get(raw, raw) if isinstance(raw, str) else raw


def _yes_or_no(raw: object) -> object:
    return {"no": False, "yes": True}.get(raw, raw) if isinstance(raw, str) else raw


def _reject_words(raw: object) -> object:
    # what is still text here was none of the two words; keep pydantic from guessing
    if isinstance(raw, str):
        raise ValueError("not one of the two words")  # noqa: TRY004  # pydantic expects ValueError
    return raw


def _digits(raw: object) -> object:
    # pydantic would take "5.0", " 5" and "1_000" as well
    if isinstance(raw, str) and not re.fullmatch(r"-?[0-9]{1,18}", raw):
        raise ValueError("not a whole number")
    return raw


def _decimal(raw: object) -> object:
    # neither exponents nor "nan": the text goes into configuration files as it is
    if isinstance(raw, str) and not re.fullmatch(r"-?[0-9]{1,6}(\.[0-9]{1,6})?", raw):
        raise ValueError("not a decimal number")
    return raw


Switch = Annotated[
    bool, BeforeValidator(_reject_words), BeforeValidator(_switch), Shape("0 or 1", values=("0", "1"))
]
"""Off or on."""

YesNo = Annotated[
    bool,
    BeforeValidator(_reject_words),
    BeforeValidator(_yes_or_no),
    Shape("no or yes", values=("no", "yes")),
]
"""Off or on, where the documented words are no and yes."""

Whole = Annotated[int, BeforeValidator(_digits)]
"""A whole number; its bounds stand at the field."""

Score = Annotated[Decimal, BeforeValidator(_decimal)]
"""A decimal number that prints as it was written."""

Text = Annotated[
    str,
    Field(pattern=r"^[^\x00-\x1f\x7f\x85\u2028\u2029]*$"),
    Shape("text on one line, without control characters"),
]
"""Any text that stays on its line."""

Word = Annotated[str, Field(pattern=r"^[^\x00-\x20\x7f\x85\u2028\u2029]*$"), Shape("one word without spaces")]
"""Any text without white space."""

Interface = Annotated[
    str,
    Field(pattern=r"^([A-Za-z0-9_.@-]{1,15})?$"),
    Shape("the name of a network interface, such as eth0"),
]
"""A network interface (at most 15 characters in Linux)."""

HOST_PATTERN = (
    r"^([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*)?$"
)

Host = Annotated[str, Field(pattern=HOST_PATTERN), Shape("a host name such as mail.example.test")]
"""A host or domain name (RFC 1123, section 2.1); also with underscores, as container engines allow."""

Wildcard = Annotated[
    str,
    Field(pattern=HOST_PATTERN.replace("^(", r"^((\*\.)?", 1)),
    Shape("a host name such as mail.example.test, or *.example.test"),
]
"""A host or domain name, or a wildcard for all names right below one (RFC 6125, section 6.4.3)."""

HostPort = Annotated[
    str,
    Field(pattern=r"^((\[[A-Za-z0-9.:-]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?)?$"),
    Shape("a host as Postfix writes it, such as [mail.example.test]:587"),
]
"""A next hop: host or [host], and a port if need be (postconf(5), relayhost)."""

Domains = Annotated[
    str,
    Field(pattern=r"^([A-Za-z0-9._-]+( *, *[A-Za-z0-9._-]+)*)?$"),
    Shape("domain names, separated by commas"),
]
"""Domain names in a list."""

_LOCAL = r'[^\x00-\x20\x7f\x85\u2028\u2029@<>,;:"()\\]+'

Address = Annotated[
    str,
    Field(pattern=rf"^({_LOCAL}@[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?)?$"),
    Shape("a mail address such as postmaster@example.test"),
]
"""One mail address without quoting."""

Addresses = Annotated[
    str,
    Field(pattern=rf"^({_LOCAL}@[A-Za-z0-9._-]+([ ,]+{_LOCAL}@[A-Za-z0-9._-]+)*)?$"),
    Shape("one or more mail addresses, separated by commas"),
]
"""Mail addresses in a list."""

AbsolutePath = Annotated[
    str,
    Field(pattern=r"^(/[^\x00-\x1f\x7f\x85\u2028\u2029]+)?$"),
    Shape("an absolute path in the container, such as /etc/ssl/mail.pem"),
]
"""A place in the container's file system."""

Transport = Annotated[
    str,
    Field(pattern=r"^([A-Za-z0-9_-]+:[^\x00-\x20\x7f\x85\u2028\u2029]+)?$"),
    Shape("a Postfix transport and its destination, such as lmtp:unix:/var/run/dovecot/lmtp"),
]
"""A delivery transport and where it delivers to (transport(5))."""

Url = Annotated[
    str,
    Field(pattern=r"^(https?://[^\x00-\x20\x7f\x85\u2028\u2029]+)?$"),
    Shape("a URL that starts with https:// or http://"),
]
"""A web address."""

_LDAP_SERVER = r"(?:ldap[is]?://[^\x00-\x20\x7f\x85\u2028\u2029]*|[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{1,5})?)"
LdapUris = Annotated[
    str,
    Field(pattern=rf"^({_LDAP_SERVER}( +{_LDAP_SERVER})*)?$"),
    Shape("LDAP URIs (ldap://, ldaps:// or ldapi://) or host names, separated by spaces"),
]
"""One or more LDAP servers (RFC 4516; ldapi is OpenLDAP's UNIX socket); a name alone stands for ldap://."""

Size = Annotated[
    str, Field(pattern=r"^([0-9]{1,12}[KkMmGg]?)?$"), Shape("a size such as 25M (digits, then K, M or G)")
]
"""A size with a unit, in bytes without one."""

Interval = Annotated[
    str, Field(pattern=r"^([1-9][0-9]{0,5}[smhd])?$"), Shape("a number and s, m, h or d, such as 1d")
]
"""A length of time with its unit."""

TimeZone = Annotated[
    str,
    Field(pattern=r"^([A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*)?$"),
    Shape("a time zone such as Europe/Berlin"),
]
"""A name of the time zone database."""

Mechanisms = Annotated[
    str,
    Field(pattern=r"^((pam|ldap|shadow|mysql|rimap)( +(pam|ldap|shadow|mysql|rimap))*)?$"),
    Shape("one or more of pam, ldap, shadow, mysql, rimap, separated by spaces"),
]
"""Ways for saslauthd to check a password (saslauthd(8))."""
