"""Seals what must not be in the clear on `main`, and opens sealed texts to compare them.

A private key makes its file sealed as a whole. A password in a file of a known format is sealed where it
stands (`secret_parts`), so that the rest can be read.
"""

from __future__ import annotations

from dataclasses import dataclass

from controlplane import sealing, secrets
from controlplane.errors import Refused
from controlplane.intake.checks.sealed_texts import never_sealed
from controlplane.intake.checks.secrets_in_clear import in_clear
from controlplane.statefiles.secret_parts import seal_parts, secret_parts


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals for the holder of `identity`, and opens what was sealed for it."""

    identity: str

    def file(self, path: str, content: bytes) -> bytes:
        """The content as `main` may hold it at `path`; unchanged if nothing in it is secret."""
        if sealing.is_sealed(content) or not any(in_clear(path, content)):
            return content
        sealed = self._in_place(path, content)
        if not any(in_clear(path, sealed)) or never_sealed(path):
            return sealed  # what is left has no place in a file that the server reads: it is refused
        return sealing.seal(content, self._recipient).encode()

    def value(self, text: str) -> str:
        """A secret text sealed as one word."""
        return text if sealing.is_sealed_value(text) else sealing.seal_value(text, self._recipient)

    def opened(self, content: bytes) -> bytes:
        """The content with everything opened that can be, for comparison."""
        try:
            if sealing.is_sealed(content):
                return sealing.unseal(content, self.identity)
            if sealing.PREFIX.encode() not in content:
                return content
            text = content.decode()
            return sealing.VALUE.sub(lambda found: self.plain(found[0]), text).encode()
        except (Refused, UnicodeDecodeError):
            return content  # sealed for somebody else: it is compared as it is

    def plain(self, value: str) -> str:
        """A value, opened if it is sealed and can be opened."""
        try:
            return sealing.open_value(value, self.identity) if sealing.is_sealed_value(value) else value
        except Refused:
            return value

    @property
    def _recipient(self) -> str:
        return secrets.recipient_of(self.identity)

    def _in_place(self, path: str, content: bytes) -> bytes:
        try:
            text = content.decode()
        except UnicodeDecodeError:
            return content
        return seal_parts(text, [part for part in secret_parts(path, text) if part.must], self.value).encode()
