"""Sealed texts: anybody can seal with the server's public recipient, only its identity can open them.

The format is age (https://age-encryption.org/v1). A whole file is sealed in its armored form, so that the
tool `age` makes and reads it too; a value within a file is one word, `age:` and the base64 of the binary
form. pyrage is imported when it is first needed: most processes never seal or open anything.
"""

from __future__ import annotations

import base64
import binascii
import re

from controlplane.errors import Refused

ARMOR = b"-----BEGIN AGE ENCRYPTED FILE-----"
PREFIX = "age:"
LEAST = 200
"""Characters of base64 that even an empty value comes to: shorter words are somebody's own."""
VALUE = re.compile(rf"(?<![A-Za-z0-9]){PREFIX}[A-Za-z0-9+/]{{{LEAST},}}={{0,2}}(?![A-Za-z0-9+/=])")
"""Finds sealed values within a text."""
_MARK, _VALUE_BYTES = PREFIX.encode(), re.compile(VALUE.pattern.encode())

_CURE = "seal it again with the recipient in config/gitops/recipient.txt: mailctl seal"


def is_sealed(content: bytes) -> bool:
    """Whether this is a whole text in the armored age format."""
    return content.lstrip().startswith(ARMOR)


def holds_sealed(content: bytes) -> bool:
    """Whether a text is sealed, as a whole or in part."""
    return is_sealed(content) or (_MARK in content and _VALUE_BYTES.search(content) is not None)


def is_sealed_value(text: str) -> bool:
    """Whether this word is a sealed value."""
    return VALUE.fullmatch(text) is not None


def seal(content: bytes, recipient: str) -> str:
    """Encrypt the content for the holder of the identity, armored.

    Raises Refused for a text that is no recipient.
    """
    import pyrage

    sealed: bytes = pyrage.encrypt(content, [_recipient(recipient)], armored=True)
    return sealed.decode("ascii").rstrip("\n") + "\n"


def seal_value(text: str, recipient: str) -> str:
    """Seal the text as one word; raises Refused for a text of several lines or a malformed recipient."""
    import pyrage

    if re.search(r"[\x00\n\r]", text):
        raise Refused.because("a value of several lines cannot stand in one", "seal it as a file of its own")
    sealed: bytes = pyrage.encrypt(text.encode(), [_recipient(recipient)])
    return PREFIX + base64.b64encode(sealed).decode("ascii")


def unseal(content: bytes, identity: str) -> bytes:
    """Open what was sealed as a whole; raises Refused if it is damaged or sealed for somebody else."""
    import pyrage

    given = content.strip() + b"\n" if is_sealed(content) else content
    try:
        opened: bytes = pyrage.decrypt(given, [pyrage.x25519.Identity.from_str(identity)])
    except pyrage.DecryptError as error:
        raise Refused.because(f"a sealed value cannot be opened: {error}", _CURE) from error
    return opened


def open_value(value: str, identity: str) -> str:
    """Open what `seal_value` sealed; raises Refused if it cannot be opened."""
    try:
        content = base64.b64decode(value.removeprefix(PREFIX), validate=True)
        return unseal(content, identity).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Refused.because(f"a sealed value is damaged: {error}", _CURE) from error


def _recipient(text: str) -> object:
    import pyrage

    try:
        return pyrage.x25519.Recipient.from_str(text.strip())
    except pyrage.RecipientError as error:
        cure = "see config/gitops/recipient.txt"
        raise Refused.because(f"{text.strip()!r} is not a recipient: {error}", cure) from error
