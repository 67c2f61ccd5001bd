"""The syntax of mail addresses here: ASCII, without quoting, safe as part of a path.

RFC 5321 4.1.2 (Dot-string, Domain) and 4.5.3.1 (lengths) say what an address may be. A mailbox becomes
`/var/mail/<domain>/<local>`, so that neither part may climb out of its folder; SMTPUTF8 (RFC 6531) is not
served, so that names in other scripts are written as A-labels (RFC 5890) and only in the domain.
"""

from __future__ import annotations

import re

MAX_LOCAL = 64
MAX_DOMAIN = 255
MAX_ADDRESS = 254
"""Octets: a path of 256 (RFC 5321 4.5.3.1.3) less its angle brackets."""

# atext of RFC 5322 3.2.3 without the slash (paths) and the bar (it separates fields of postfix-accounts.cf)
_ATOM = r"[A-Za-z0-9!#$%&'*+\-=?^_`{}~]+"
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
LOCAL_PATTERN = rf"(?=[^@]{{1,{MAX_LOCAL}}}(?:@|\Z)){_ATOM}(?:\.{_ATOM})*"
DOMAIN_PATTERN = rf"{_LABEL}(?:\.{_LABEL})*"
_ADDRESS = re.compile(rf"(?=.{{1,{MAX_ADDRESS}}}\Z){LOCAL_PATTERN}@{DOMAIN_PATTERN}")
_LOCAL = re.compile(LOCAL_PATTERN)
_HOST_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST_NAME = re.compile(rf"(?=.{{1,{MAX_DOMAIN}}}\Z)(?:{_HOST_LABEL}\.)*(?![0-9]+\Z){_HOST_LABEL}")
_DOMAIN = re.compile(rf"(?=.{{1,{MAX_DOMAIN}}}\Z){DOMAIN_PATTERN}")

MASTER_SEPARATOR = "*"
"""Parts a mailbox from the name of the master account that opens it (Dovecot, auth_master_user_separator)."""

Complaint = tuple[str, str]
"""What is wrong (continuing "… is not an address"), and the cure."""


def is_address(text: str) -> bool:
    """Whether this is `local@domain` as served here, in any case."""
    return _ADDRESS.fullmatch(text) is not None


def is_domain(text: str) -> bool:
    """Whether this is a domain name, or the name of one host."""
    return _DOMAIN.fullmatch(text) is not None


def is_host_name(text: str) -> bool:
    """Whether this is a name as hosts have it (RFC 1123 2.1): no underscore, the last label not a number."""
    return _HOST_NAME.fullmatch(text) is not None


def mailbox_complaint(address: str) -> Complaint | None:
    """Why this account cannot log in next to master accounts, as (reason, cure); None if it can."""
    if MASTER_SEPARATOR not in address:
        return None
    return (
        "where there are master accounts Dovecot takes what stands behind a * for the name of one",
        "choose a name without *, of which an alias may have one; or go without master accounts",
    )


def is_local(text: str) -> bool:
    """Whether this is a local part alone, such as a name of postfix-aliases.cf."""
    return _LOCAL.fullmatch(text) is not None


def complaint(text: str) -> Complaint | None:
    """Why this is not an address, as (reason, cure); None for an address."""
    if is_address(text):
        return None
    local, at, domain = text.rpartition("@")
    if not at:
        return "there is no @", "write the whole address: local@domain"
    return _of_characters(text) or _of_local(local) or _of_domain(domain) or _of_length(text)


_INVISIBLE = {
    "\u00a0": "a no-break space (U+00A0)",
    "\u00ad": "a soft hyphen (U+00AD)",
    "\u200b": "a space of no width (U+200B)",
    "\u200e": "a mark of direction (U+200E)",
    "\u2060": "a word joiner (U+2060)",
    "\ufeff": "a byte order mark (U+FEFF)",
}
"""Characters that nobody sees, and that come with a text which was copied from elsewhere."""


def _of_characters(text: str) -> Complaint | None:
    if found := next((what for sign, what in _INVISIBLE.items() if sign in text), None):
        return f"it has {found}, which cannot be seen", "type the line anew"
    if not text.isascii():
        return (
            "it has characters beyond ASCII",
            "write the domain as A-labels (xn--…) and the local part in ASCII; SMTPUTF8 is not served",
        )
    if any(c.isspace() or not c.isprintable() for c in text):
        return "it has white space or control characters", "take them out"
    if "/" in text or ".." in text:
        return "it has characters of a path", "use letters, digits and . _ - + without two dots in a row"
    return None


def _of_local(local: str) -> Complaint | None:
    if not local:
        return "the part before the @ is empty", "write the whole address: local@domain"
    if len(local) > MAX_LOCAL:
        return f"the part before the @ is over {MAX_LOCAL} characters (RFC 5321 4.5.3.1.1)", "shorten it"
    if local.startswith(".") or local.endswith("."):
        return "the part before the @ starts or ends with a dot", "take the dot away"
    if not is_local(local):
        return "the part before the @ has characters that are not served", "use letters, digits and . _ - +"
    return None


def _of_domain(domain: str) -> Complaint | None:
    if is_domain(domain):
        return None
    if not domain:
        return "the domain is empty", "write the whole address: local@domain"
    if len(domain) > MAX_DOMAIN:
        return f"the domain is over {MAX_DOMAIN} characters (RFC 5321 4.5.3.1.2)", "shorten it"
    return (
        "its domain is not a domain name",
        "use labels of letters, digits and hyphens, at most 63 characters each, no hyphen at an end",
    )


def _of_length(text: str) -> Complaint:
    return f"it is {len(text)} characters long, {MAX_ADDRESS} are allowed (RFC 5321 4.5.3.1.3)", "shorten it"
