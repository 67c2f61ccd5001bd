"""The part of a release that is held: content that failed before, in whose place stays what serves.

What failed together is held together: every file that is more than data (its action is not "none") and that
came with the same change as the one that failed, the services' own rows of the manifest included.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from typing import Any

from agent.log import log
from agent.release.manifest import Release, ServiceEntry
from wire.manifest import Action, Compile, Entry, FilePart, Probe

FACTS = ("hostname", "mail_owner", "certificates")
"""What a manifest says besides files and services."""


@dataclass(frozen=True)
class Part:
    """Some of a release, by names: files by path, services, FACTS."""

    files: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    facts: frozenset[str] = frozenset()

    def __or__(self, other: Part) -> Part:
        return Part(self.files | other.files, self.services | other.services, self.facts | other.facts)

    def __and__(self, other: Part) -> Part:
        return Part(self.files & other.files, self.services & other.services, self.facts & other.facts)

    def __bool__(self) -> bool:
        return bool(self.files or self.services or self.facts)


@dataclass(frozen=True)
class Held:
    """What serves in the place of a part that failed (None: nothing), and why: the rows of the quarantine."""

    files: Mapping[str, Entry | None] = field(default_factory=dict)
    services: Mapping[str, ServiceEntry | None] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    why: tuple[dict[str, Any], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for the record of what serves; empty where nothing is held."""
        if not self.why:
            return {}
        return {
            "files": {path: asdict(entry) if entry else None for path, entry in self.files.items()},
            "services": {name: asdict(row) if row else None for name, row in self.services.items()},
            "facts": dict(self.facts),
            "why": [dict(row) for row in self.why],
        }


def read_held(raw: Mapping[str, Any]) -> Held:
    """Held as `as_dict` wrote it; nothing, where another version of the image wrote it in another way."""
    try:
        return _read(raw) if raw else Held()
    except (KeyError, TypeError, AttributeError) as error:
        log.warning("what is held is not known", reason=repr(error))
        return Held()


def _read(raw: Mapping[str, Any]) -> Held:
    facts = {name: tuple(value) if isinstance(value, list) else value for name, value in raw["facts"].items()}
    return Held(
        {path: _entry(row) if row else None for path, row in raw["files"].items()},
        {name: _service(row) if row else None for name, row in raw["services"].items()},
        facts,
        tuple(raw["why"]),
    )


def _entry(row: Mapping[str, Any]) -> Entry:
    words: dict[str, Any] = {"action": Action(row["action"]), "compile": Compile(row["compile"])}
    words["parts"] = tuple(FilePart(*part) for part in row.get("parts", ()))
    return Entry(
        **{**row, **words, "services": tuple(row["services"]), "restart_on": tuple(row["restart_on"])}
    )


def _service(row: Mapping[str, Any]) -> ServiceEntry:
    probes = tuple(Probe(**probe) for probe in row["probes"])
    return ServiceEntry(row["name"], tuple(row["programs"]), probes)


def hold(serving: Release, rows: Sequence[dict[str, Any]]) -> Held:
    """What these rows of the quarantine hold, with what serves in its place."""
    return Held(
        {path: serving.files.get(path) for row in rows for path in row["files"]},
        {name: serving.services.get(name) for row in rows for name in row["services"]},
        {name: getattr(serving, name) for row in rows for name in row["facts"]},
        tuple(rows),
    )


def overlay(release: Release, held: Held) -> Release:
    """The release with what serves in the place of what is held."""
    if not held.why:
        return release
    files = {path: entry for path, entry in release.files.items() if path not in held.files}
    files |= {path: entry for path, entry in held.files.items() if entry}
    services = {name: held.services.get(name, row) for name, row in release.services.items()}
    services |= {name: row for name, row in held.services.items() if name not in services}
    running = {name: row for name, row in services.items() if row}
    return replace(release, files=files, services=running, **held.facts)


def same(one: Release, other: Release) -> bool:
    """Whether two releases serve alike."""
    return not difference(one, other) and (one.log_level, one.supervisor_log_level, one.account_deadline) == (
        other.log_level,
        other.supervisor_log_level,
        other.account_deadline,
    )


def difference(old: Release, new: Release) -> Part:
    """What differs between two releases."""
    return Part(
        _differ(old.files, new.files),
        _differ(old.services, new.services),
        frozenset(name for name in FACTS if getattr(old, name) != getattr(new, name)),
    )


def _differ(old: Mapping[str, Any], new: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))


def prints(release: Release, part: Part) -> dict[str, dict[str, str]]:
    """A part's content in a release as digests, "" for what is not there."""
    return {
        "files": {path: digest(release.files.get(path)) for path in sorted(part.files)},
        "services": {name: digest(release.services.get(name)) for name in sorted(part.services)},
        "facts": {name: digest(getattr(release, name)) for name in sorted(part.facts)},
    }


def digest(value: object) -> str:
    """A digest of a row of the manifest; "" for None."""
    if value is None:
        return ""
    plain = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
    return hashlib.sha256(json.dumps(plain, sort_keys=True, default=list).encode()).hexdigest()


def holds(row: Mapping[str, Any], release: Release) -> bool:
    """Whether a release has exactly the content that failed."""
    if row["commit"] == release.commit:
        return True
    named = named_part(row)
    return bool(named) and all(row[name] == found for name, found in prints(release, named).items())


def named_part(row: Mapping[str, Any]) -> Part:
    """The part that a row of the quarantine names."""
    return Part(frozenset(row["files"]), frozenset(row["services"]), frozenset(row["facts"]))
