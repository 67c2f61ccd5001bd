"""What managed files hold: bytes from git, filled in with what only the node knows, or a certificate's."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from agent.certificates.store import Certificates
from agent.errors import AgentError, Corrupt, Problem
from agent.records.findings import Findings
from agent.records.kept_files import Kept
from agent.release.git_objects import ObjectReader
from agent.release.manifest import Release
from agent.release.placeholders import Filled, Placeholders
from wire.blobs import blob_id
from wire.manifest import Entry, FilePart

VERIFY = "`mailctl verify` names what is damaged; `mailctl reconcile` tries again what was mended"
"""The cure of an object that cannot be read."""


class Contents:
    """Contents of entries, and their blob ids, which are kept: filling the same file again is not needed.

    `open` gives a reader of the state repository, for ids that are asked for without one.
    """

    def __init__(
        self,
        certificates: Certificates,
        placeholders: Placeholders,
        kept: Kept,
        findings: Findings,
        open: Callable[[], ObjectReader],
    ) -> None:
        self.placeholders = placeholders
        self.unfilled: dict[str, str] = {}
        """Why words of a file could not be replaced, by the file's blob id as rendered."""
        self._certificates, self._kept, self._findings, self._open = certificates, kept, findings, open
        self._filled: dict[str, str] = {}

    def learn(self, objects: ObjectReader, release: Release) -> None:
        """Open at once what is sealed in a release, and fill its files."""
        new = [e for e in release.files.values() if e.fill and e.identity not in self._filled]
        self.placeholders.learn(self.blob(objects, entry) for entry in new)
        for entry in new:
            self.content(objects, entry)

    def content(self, objects: ObjectReader, entry: Entry) -> bytes:
        """The bytes of a managed file: from git, filled, or from the certificate store.

        Words that cannot be replaced do not stop it (`unresolved` finds them before a release is written).
        """
        if entry.slot:
            return self._certificates.read(entry.identity, entry.part)
        content = self.blob(objects, entry)
        if not entry.fill:
            return content
        filled = self.placeholders.fill(content, applied=True)
        self._keep(entry, filled)
        return filled.content

    def blob(self, objects: ObjectReader, entry: Entry) -> bytes:
        """A file as rendered: from the state repository, else the agent's own copy. Raises AgentError."""
        if entry.parts:
            return b"".join(self.part(objects, entry, part) for part in entry.parts)
        return self._blob(objects, entry, entry.identity)

    def part(self, objects: ObjectReader, entry: Entry, part: FilePart) -> bytes:
        """The same of one part of a large file."""
        content = self._blob(objects, entry, part.id)
        if len(content) != part.size:
            raise Corrupt(f"part {part.id} of {entry.path} is not of {part.size} bytes, as its manifest says")
        return content

    def _blob(self, objects: ObjectReader, entry: Entry, identity: str) -> bytes:
        try:
            return objects.blob(identity)
        except AgentError as error:
            content = self._kept.find(identity)
            if content is None:
                raise
            what = f"{error}; /{entry.path} is served from the agent's copy"
            self._findings.found(f"object {identity}", what, VERIFY)
            return content

    def unresolved(self, objects: ObjectReader, entries: Iterable[Entry]) -> list[Problem]:
        """Words of these files that cannot be replaced by what they stand for."""
        return [
            Problem(entry.services[0], entry.path, line, reason)
            for entry in entries
            if entry.fill
            for line, reason in self.placeholders.fill(self.blob(objects, entry)).unresolved
        ]

    def identity(self, entry: Entry) -> str:
        """The blob id of what `content` gives; empty where that is not available."""
        if entry.slot:
            return self._certificates.blob(entry.identity, entry.part)
        if not entry.fill:
            return entry.identity
        if entry.identity not in self._filled:
            try:
                with self._open() as objects:
                    return blob_id(self.content(objects, entry))
            except AgentError:
                return ""  # unknown content: no file on disk matches
        return self._filled[entry.identity]

    def _keep(self, entry: Entry, filled: Filled) -> None:
        if filled.unresolved:
            self.unfilled[entry.identity] = filled.unresolved[0][1]
            return
        self.unfilled.pop(entry.identity, None)
        self._filled[entry.identity] = blob_id(filled.content)
