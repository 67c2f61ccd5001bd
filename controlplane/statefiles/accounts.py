"""postfix-accounts.cf: one mailbox per line, `name|hash[|attributes]`.

The hash is as Dovecot stores it, `{SCHEME}…` or crypt's `$…`; attributes are userdb fields, separated by
white space. White space around a line is ignored. The order of the lines is the order of the accounts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from controlplane import addresses
from controlplane.errors import Problem, Refused
from controlplane.model import Account
from controlplane.password_schemes import CLEAR, SCHEMES
from controlplane.statefiles.lines import Lines, append_line
from controlplane.statefiles.parsed import MAX_PROBLEMS, Parsed, Place

PATH = "config/postfix-accounts.cf"

_GOOD = re.compile(
    rf"(?=[^|]{{3,{addresses.MAX_ADDRESS}}}\|)"
    rf"({addresses.LOCAL_PATTERN}@{addresses.DOMAIN_PATTERN})"
    r"\|((?:\{([A-Za-z0-9-]+)(?:\.(?:b64|base64|hex))?\}|\$)[\x21-\x39\x3b-\x7b\x7d\x7e]+)"
    r"(?:\|([^|\x00-\x08\x0a-\x1f\x7f]*))?"
)
_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*(?:=\S*)?")
Fault = tuple[str, str, str]
"""What is wrong, the cure, and the characters at fault."""
_ATTRIBUTES_CURE = "write name=value, separated by spaces"
_HASH_CURE = (
    "make a hash with `doveadm pw -s SHA512-CRYPT`, or use `setup email add`, for one that is there already "
    "`setup email update`"
)


def parse(text: str, path: str = PATH) -> Parsed[Account]:
    """Every account of the text, and every problem."""
    rows: dict[str, Account] = {}
    problems: list[Problem] = []
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if not line or line[0] == "#":
            continue
        if len(problems) == MAX_PROBLEMS:
            break
        found = _row(line)
        if found is None:
            problems.append(_explain(line, Place(path, number, line, masked(line))))
        elif found.address in rows:
            first = _find(Lines(text), found.address) or 0
            problems.append(_duplicate(found.address, first + 1, Place(path, number, line, masked(line))))
        else:
            rows[found.address] = found
    return Parsed(rows, tuple(problems))


def entries(text: str) -> Iterator[tuple[str, list[int]]]:
    """The address of each account, and the number of its line (from 0)."""
    for number, raw in enumerate(text.split("\n")):
        line = raw.strip()
        if line and line[0] != "#":
            yield line.partition("|")[0].lower(), [number]


def line(account: Account) -> str:
    """An account as a new line."""
    parts = [account.address, account.password_hash, account.attributes]
    return "|".join(parts if account.attributes else parts[:2])


def masked(line: str) -> str:
    """The line up to its first bar: with a stray bar, any later field may hold the password."""
    name, bar, rest = line.partition("|")
    return f"{name}{bar}{'…' if rest else ''}"


def add(content: bytes, address: str, password_hash: str, attributes: str = "") -> bytes:
    """The content with the account appended; raises Refused if it exists already or is malformed.

    One that is written in capitals is found when the whole text is read, and so is what is not UTF-8: to
    lower or to decode all of it takes too long.
    """
    if address.lower().encode() in content and _find(Lines(content.decode()), address) is not None:
        raise Refused.because(
            f"the account {address} exists already", "change it with `setup email update`", PATH
        )
    return append_line(content, _line(address, password_hash, attributes).encode())


def update(text: str, address: str, password_hash: str) -> str:
    """The text with a new password for the account, its attributes kept; raises Refused if it is missing."""
    lines = Lines(text)
    number = _existing(lines, address)
    name, _, rest = lines[number].strip().partition("|")
    return lines.replace(number, _line(name, password_hash, rest.partition("|")[2]))


def remove(text: str, address: str) -> str:
    """The text without the account; raises Refused if there is none."""
    lines = Lines(text)
    return lines.delete(_existing(lines, address))


def has(text: str, address: str) -> bool:
    """Whether the account exists."""
    return _find(Lines(text), address) is not None


def line_of(text: str, address: str) -> int:
    """The line (from 1) of an account; 0 if there is none."""
    found = _find(Lines(text), address)
    return 0 if found is None else found + 1


def _row(line: str) -> Account | None:
    good = _GOOD.fullmatch(line)
    if good is None:
        return None
    name, password_hash, scheme, attributes = good.groups()
    if scheme is not None and scheme not in SCHEMES and scheme.upper() not in SCHEMES:
        return None
    if attributes and not all(map(_ATTRIBUTE.fullmatch, attributes.split())):
        return None
    return Account(name.lower(), password_hash, attributes or "")


def _explain(line: str, place: Place) -> Problem:
    """Why a line is no account."""
    name, bar, rest = line.partition("|")
    secret, _, attributes = rest.partition("|")
    if not bar or any(c in ": \t{" for c in name) or name.startswith("$"):
        # what stands in another field's place may be the password
        shown = Place(place.path, place.line, line, re.split(r"[|:\s{$]", line)[0] + "…")
        return shown.problem("the line is not an account", "write name|hash, or name|hash|attributes")
    complaint = addresses.complaint(name)
    if complaint:
        return place.problem(f'account "{name}" is not an address: {complaint[0]}', complaint[1], name)
    return _explain_hash(name, secret, place) or _explain_attributes(attributes, place)


def _explain_hash(name: str, secret: str, place: Place) -> Problem | None:
    fault = hash_fault(name, secret)
    return place.problem(*fault) if fault else None


def hash_fault(name: str, secret: str, noun: str = "account", cure: str = "") -> Fault | None:
    """What is wrong with a hash in the entry of `name`; None if nothing."""
    cure = cure or _HASH_CURE
    if not secret:
        return f"{noun} {name} has no password hash", cure, ""
    scheme = re.match(r"\{([^}]*)\}", secret)
    kind = scheme[1].partition(".")[0].upper() if scheme else ""
    if kind in CLEAR or not (scheme or secret.startswith("$")):
        return f"the password of {name} is in clear text", cure, ""
    if scheme and kind not in SCHEMES:
        return f"{_scheme_shown(scheme[1])} is not a password scheme", cure, ""
    if re.fullmatch(r"(?:\{[A-Za-z0-9.-]+\}|\$)[\x21-\x39\x3b-\x7b\x7d\x7e]+", secret) is None:
        return f"the password hash of {name} is empty or has characters that no hash has", cure, ""
    return None


def _scheme_shown(name: str) -> str:
    """A misspelt scheme as it may be shown: what does not look like one may be the password."""
    return f"{{{name}}}" if re.fullmatch(r"[A-Z0-9-]{1,16}(?:\.[A-Za-z0-9]{1,6})?", name) else "{…}"


def _explain_attributes(attributes: str, place: Place) -> Problem:
    fault = attributes_fault(attributes)
    return place.problem(*(fault or ("the line has control characters", "take them out", "")))


def attributes_fault(attributes: str) -> Fault | None:
    """What is wrong with the attributes of an account; None if nothing."""
    if "|" in attributes:
        return "the line has more than three fields", "write name|hash|attributes", ""
    if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", attributes):
        return "the line has control characters", "take them out", ""
    for word in attributes.split():
        if not _ATTRIBUTE.fullmatch(word):
            # do not name it: with an extra field it is the hash
            return "what stands behind the second bar is no attribute", _ATTRIBUTES_CURE, ""
    return None


def _duplicate(address: str, first: int, place: Place) -> Problem:
    message = f"account {address} is there already, on line {first}"
    return place.problem(
        message, "keep one of the two; upper and lower case are the same mailbox", place.text[: len(address)]
    )


def _find(lines: Lines, address: str) -> int | None:
    if "|" in address:
        return None
    wanted = address.lower() + "|"
    return lines.find(lambda line: line.strip()[: len(wanted)].lower() == wanted)


def _existing(lines: Lines, address: str) -> int:
    number = _find(lines, address)
    if number is None:
        raise Refused.because(f"there is no account {address}", "see `setup email list`", PATH)
    return number


def _line(address: str, password_hash: str, attributes: str) -> str:
    """Build the line of an account and parse it back to verify it; raises Refused."""
    line = "|".join([address, password_hash, attributes] if attributes else [address, password_hash])
    found = _row(line)
    if found is None:
        raise Refused([_explain(line, Place("", 0, line, masked(line))).without_place()])
    if found != Account(address.lower(), password_hash, attributes):
        raise Refused.because("the line would say something else than was asked", _HASH_CURE)
    return line
