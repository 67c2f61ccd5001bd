"""dovecot-masters.cf: master accounts, who may log in as everybody, `name|hash[|attributes]`.

The hash is as in postfix-accounts.cf, or sealed. Dovecot compares names in lower case
(auth_username_format), and parts the name from the mailbox at a `*`.
"""

from __future__ import annotations

import re

from controlplane.model import Master
from controlplane.sealing import is_sealed_value
from controlplane.statefiles import accounts
from controlplane.statefiles.tables import Malformed, Table

_NAME = re.compile(r"[A-Za-z0-9._+@-]{1,128}")
NAME_CURE = "use letters, digits and . _ + @ -; a * parts it from the mailbox at login"
HASH_CURE = (
    "make a hash with `doveadm pw -s SHA512-CRYPT`, or use `setup dovecot-master add`, for one that is there "
    "already `setup dovecot-master update`"
)


def is_name(text: str) -> bool:
    """Whether a master account may have this name."""
    return _NAME.fullmatch(text) is not None


def _read(line: str) -> tuple[str, Master]:
    name, bar, rest = (part.strip() for part in line.partition("|"))
    secret, _, attributes = (part.strip() for part in rest.partition("|"))
    if not bar:
        raise Malformed("the line is not a master account", "write name|hash, or name|hash|attributes")
    if not is_name(name):
        shown = name if name.replace("*", "").isalnum() else ""
        raise Malformed("the name of a master account has characters that it cannot have", NAME_CURE, shown)
    if not is_sealed_value(secret) and (
        fault := accounts.hash_fault(name, secret, "master account", HASH_CURE)
    ):
        raise Malformed(*fault)
    if fault := accounts.attributes_fault(attributes):
        raise Malformed(*fault)
    return name.lower(), Master(name.lower(), secret, attributes)


def masked(line: str) -> str:
    """The line without any part that may be a password."""
    return accounts.masked(line) if "|" in line else re.split(r"[:\s{$]", line)[0] + "…"


TABLE = Table(
    path="config/dovecot-masters.cf",
    noun="master account",
    listed_by="setup dovecot-master list",
    mark="|",
    read=_read,
    masked=masked,
)
