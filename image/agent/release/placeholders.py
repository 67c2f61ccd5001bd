"""Replace placeholders in rendered files by what only this node knows.

| word | becomes |
| --- | --- |
| `age:BASE64` | the sealed value, opened with the server's identity |
| `env:NAME:DIGEST` | the secret that the container's environment pins, where it has this digest |
| `{net:container:IFACE}` | this container's addresses on an interface |
| `{net:host:IFACE}` | the address of the container's host |
| `{net:connected}` | every IPv4 network that is connected |

A text that is sealed as a whole is opened as a whole, first. What is unavailable is reported
(`Filled.unresolved`): a new release is refused for it, one that served before goes on without. The word
itself stays then; of an address, nothing.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from agent.release.networks import Networks
from agent.release.pinned_secrets import PinnedSecrets
from agent.release.unsealing import ARMOR, Unsealer

SEALED = re.compile(rb"(?<![A-Za-z0-9])age:([A-Za-z0-9+/]{200,}={0,2})(?![A-Za-z0-9+/=])")
WORDS = re.compile(
    SEALED.pattern
    + rb"|(?<![A-Za-z0-9_])env:([A-Z][A-Z0-9_]*):([0-9a-f]{16,128})(?![0-9a-f])"
    + rb"|\{net:(container|host|connected)(?::([A-Za-z0-9_.@-]+))?\}"
)
SEVERAL_LINES = re.compile(rb"[\x00\r\n]")
SHORTEST = 4
"""Characters of a secret that `redact` looks for; a shorter one would be found everywhere."""


@dataclass(frozen=True)
class Filled:
    """A file with its placeholders replaced. `unresolved`: (line, reason) of each word that was not."""

    content: bytes
    unresolved: tuple[tuple[int, str], ...] = ()


class Placeholders:
    """Replaces words; remembers what they became, so that no message repeats it."""

    def __init__(self, opening: Unsealer, pinned: PinnedSecrets, networks: Networks) -> None:
        self.opening, self._pinned, self._networks = opening, pinned, networks
        self._secrets: set[bytes] = set()

    def learn(self, contents: Iterable[bytes]) -> None:
        """Open the sealed words of many files by one child."""
        self.opening.learn(text for content in contents for text in _sealed(content))

    def fill(self, content: bytes, applied: bool = False) -> Filled:
        """The content with every word replaced. `applied`: it served before, so a digest that is not
        that of the secret any more only means that a newer release is on its way."""
        missing: list[tuple[int, str]] = []
        closed = self.opening.learn(_sealed(content))
        if _is_whole(content):
            if content in closed:
                return Filled(content, ((0, closed[content]),))
            content = self.opening.get(content)
            self._keep(content)
            closed = self.opening.learn(_sealed(content))

        replace = partial(self._replace, applied, closed, missing)
        return Filled(WORDS.sub(replace, content), tuple(missing))

    def redact(self, text: str) -> str:
        """Remove replaced secrets from a message of another tool."""
        raw = text.encode(errors="surrogateescape")
        for secret in sorted(self._secrets, key=len, reverse=True):
            raw = raw.replace(secret, "…".encode())
        return raw.decode(errors="surrogateescape")

    def _replace(
        self,
        applied: bool,
        closed: Mapping[bytes, str],
        missing: list[tuple[int, str]],
        word: re.Match[bytes],
    ) -> bytes:
        sealed, name, digest, kind, interface = word.groups(b"")
        try:
            if sealed:
                return self._open(_decoded(sealed), closed)
            if name:
                return self._from_environment(name.decode(), "" if applied else digest.decode())
            return self._networks.fact(kind.decode(), interface.decode()).encode()
        except LookupError as error:
            missing.append((word.string.count(b"\n", 0, word.start()) + 1, str(error.args[0])))
            return b"" if kind else word[0]

    def _open(self, sealed: bytes, closed: Mapping[bytes, str]) -> bytes:
        if sealed in closed:
            raise LookupError(closed[sealed])
        return self._one_line(self.opening.get(sealed), "a sealed value")

    def _from_environment(self, name: str, digest: str) -> bytes:
        value = self._pinned.value(name)
        if value is None:
            raise LookupError(f"the container's environment has no {name} any more")
        if digest and not self._pinned.fits(value, digest):
            raise LookupError(f"the container's environment has another {name} by now")
        return self._one_line(value, name)

    def _one_line(self, value: bytes, what: str) -> bytes:
        # Otherwise a value could add lines to the file that nobody has reviewed.
        if SEVERAL_LINES.search(value):
            raise LookupError(f"{what} holds more than one line")
        if len(value) >= SHORTEST:
            self._secrets.add(value)
        return value

    def _keep(self, content: bytes) -> None:
        """What a sealed file holds is secret line by line."""
        for line in content.splitlines():
            for part in (line, line.partition(b"=")[2]):
                if len(part.strip()) >= 2 * SHORTEST:
                    self._secrets.add(part.strip())


def _is_whole(content: bytes) -> bool:
    return content.lstrip().startswith(ARMOR)


def _sealed(content: bytes) -> Iterable[bytes]:
    if _is_whole(content):
        return [content]
    return [_decoded(word[1]) for word in SEALED.finditer(content)] if b"age:" in content else []


def _decoded(word: bytes) -> bytes:
    """The bytes of a sealed word; nothing, which opens to nothing, where it is damaged."""
    try:
        return base64.b64decode(word, validate=True)
    except ValueError:
        return b""
