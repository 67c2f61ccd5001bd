"""A release as the agent sees it: manifest.json and the object ids of its files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agent.errors import Corrupt
from agent.release.git_objects import ObjectReader
from wire.config_folder import below_config
from wire.manifest import FORMAT, PARTED_FORMAT, Action, Entry, FilePart, Probe
from wire.parts import folder_id

Content = Callable[[Entry], bytes]
"""The bytes of a managed file."""


@dataclass(frozen=True, slots=True)
class ServiceEntry:
    """A service that runs: its supervisor programs in start order, and what must answer."""

    name: str
    programs: tuple[str, ...]
    probes: tuple[Probe, ...]


@dataclass(frozen=True)
class Release:
    """What one release says. `commit` is empty for a tree that is only being validated."""

    commit: str
    number: int
    hostname: str = ""
    files: Mapping[str, Entry] = field(default_factory=dict)
    services: Mapping[str, ServiceEntry] = field(default_factory=dict)
    certificates: tuple[Mapping[str, str], ...] = ()
    mail_owner: tuple[int, int] | None = None
    """User and group id that all mail belongs to."""
    log_level: str = "info"
    supervisor_log_level: str = ""
    account_deadline: int = 0
    """Seconds that a container without an account goes on after its start; 0 for ever."""
    manifest: str = ""
    """The blob id of its manifest.json."""

    @property
    def awaits_certificate(self) -> bool:
        """Whether TLS is wanted and there is no certificate yet: until then no passwords are taken."""
        return bool(self.certificates) and not any(entry.slot for entry in self.files.values())

    def has(self, service: str) -> bool:
        """Whether it has files of a service, whether or not that has programs."""
        return any(service in entry.services for entry in self.files.values())

    def digest(self, service: str) -> str:
        """A digest of the files that need an action of a service: its configuration."""
        rows = sorted(
            f"{e.path} {e.identity} {e.mode:o} {e.owner}"
            for e in self.files.values()
            if service in e.services and e.action != Action.NONE
        )
        return hashlib.sha256("\n".join(rows).encode()).hexdigest()


EMPTY = Release("", 0)


def read_release(
    objects: ObjectReader, tree: str, areas: tuple[str, ...], commit: str = "", number: int = 0
) -> Release:
    """Read the release in a node's folder (`tree` is any name of that tree). Raises NotFound, Corrupt.

    `areas` are the folders and files where rendered files may lie.
    """
    blobs = {path: oid for path, _, oid in objects.walk(tree)}
    identity = blobs.pop("manifest.json", "")
    if not identity:
        raise Corrupt(f"release {number or tree} has no manifest.json")
    release = parse_manifest(objects.blob(identity), blobs, areas, commit, number)
    return replace(release, manifest=identity)


def parse_manifest(
    content: bytes, blobs: Mapping[str, str], areas: tuple[str, ...], commit: str, number: int
) -> Release:
    """A Release from the bytes of its manifest. Raises Corrupt."""
    try:
        return parse(json.loads(content), blobs, areas, commit, number)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Corrupt(f"manifest.json of release {number or commit}: {error!r}") from error


def parse(
    manifest: Mapping[str, Any], blobs: Mapping[str, str], areas: tuple[str, ...], commit: str, number: int
) -> Release:
    """A Release from a decoded manifest and the object ids of the tree's files. Raises Corrupt, KeyError."""
    if manifest["format"] not in (FORMAT, PARTED_FORMAT):
        raise Corrupt(f"manifest format {manifest['format']} is not known to this agent")
    files = {path: _entry(path, raw, blobs, areas) for path, raw in manifest["files"].items()}
    if stray := blobs.keys() - files.keys() - {name for entry in files.values() for name in entry.blobs}:
        raise Corrupt(f"the manifest does not list {min(stray)}")
    services = {name: _service(name, raw) for name, raw in manifest["services"].items()}
    order = [name for name in manifest.get("order", []) if name in services]
    order += [name for name in services if name not in order]
    return Release(
        commit,
        number,
        manifest["hostname"],
        files,
        {name: services[name] for name in order},
        tuple(manifest.get("certificates", ())),
        _ids(manifest.get("mail_owner")),
        str(manifest.get("log_level", "info")),
        str(manifest.get("supervisor_log_level", "")),
        int(manifest.get("account_deadline", 0)),
    )


def _ids(raw: Any) -> tuple[int, int] | None:
    if raw is None:
        return None
    uid, gid = (int(number) for number in raw)
    if min(uid, gid) < 1:
        raise Corrupt("mail cannot belong to root")
    return uid, gid


def _entry(path: str, raw: Mapping[str, Any], blobs: Mapping[str, str], areas: tuple[str, ...]) -> Entry:
    parts = path.split("/")
    if ".." in parts or "." in parts or "" in parts or not _lies_in(path, areas):
        raise Corrupt(f"{path} is not a place for a rendered file")
    try:
        entry = Entry.read(path, raw)
    except ValueError as error:
        raise Corrupt(f"{path}: {error}") from error
    if raw.get("certificate"):
        return entry
    return _with_parts(entry, blobs) if entry.parts else replace(entry, identity=blobs[path])


def _with_parts(entry: Entry, blobs: Mapping[str, str]) -> Entry:
    if below_config(entry.path) or min(part.size for part in entry.parts) < 1:
        raise Corrupt(f"{entry.path} cannot be in such parts")
    ids = [blobs[name] for name in entry.blobs]
    parts = tuple(FilePart(part.size, oid) for part, oid in zip(entry.parts, ids, strict=True))
    return replace(entry, identity=folder_id(ids), parts=parts)


def _lies_in(path: str, areas: tuple[str, ...]) -> bool:
    return any(path.startswith(area) if area.endswith("/") else path == area for area in areas)


def _service(name: str, raw: Mapping[str, Any]) -> ServiceEntry:
    probes = tuple(Probe.read(row) for row in raw["probes"])
    return ServiceEntry(name, tuple(raw["programs"]), probes)
