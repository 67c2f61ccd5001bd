"""Renders a whole node: every service's files, and the manifest that describes them to the agent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

import controlplane
from controlplane.model import State
from controlplane.sealing import holds_sealed
from renderers import SERVICES
from renderers.certificates import sources
from renderers.fields import Facts
from renderers.service import AnyFile, CertificateFile, Change, Complaint, Part, RenderedFile, Service
from wire.common_ends import differing_lines
from wire.config_folder import below_config
from wire.manifest import FORMAT, PARTED_FORMAT, Entry, FilePart
from wire.parts import PARTED, Parted, parted


@dataclass(frozen=True)
class Made:
    """What a state was rendered to, part by part (by the service's name and the part's number)."""

    facts: Facts
    parts: Mapping[tuple[str, int], tuple[AnyFile, ...]]


@dataclass(frozen=True)
class NodeTree:
    """What one node gets: files by path (absolute, without the leading slash) and the manifest."""

    files: Mapping[str, AnyFile]
    owners: Mapping[str, str]
    """The service of each file."""
    manifest: bytes
    large: Mapping[str, Parted] = field(default_factory=dict, compare=False, repr=False)
    """Files that are large enough to be kept in parts (wire/parts.py)."""
    made: Made | None = field(default=None, compare=False, repr=False)
    """How it was rendered, so that the next state is rendered at the cost of what differs."""

    def owner_of(self, path: str) -> str:
        """The service that a file belongs to; raises KeyError for a path that is not rendered."""
        return self.owners[path]


NodeTrees = Mapping[str, NodeTree]
"""What each node gets, by its name."""


def render(state: State, node: str, known: NodeTree | None = None) -> NodeTree:
    """Render everything that a node reads. Pure: the same state gives the same bytes.

    `known` is what an earlier state was rendered to; it only saves time. Raises ValueError where two services
    render the same path.
    """
    facts = Facts(state.seen_from(node))
    parts: dict[tuple[str, int], tuple[AnyFile, ...]] = {}
    files: dict[str, AnyFile] = {}
    owners: dict[str, str] = {}
    for service in _enabled(facts.state):
        for number, part in enumerate(service.parts):
            found = _made(service, (number, part), facts, known.made if known else None)
            parts[service.name, number] = found
            for file in found:
                if file.path in files:
                    raise ValueError(f"{service.name} and {owners[file.path]} both render {file.path}")
                files[file.path] = file
                owners[file.path] = service.name
    large = _in_parts(files, known.large if known else {})
    manifest = _manifest(facts.state, files, owners, large)
    return NodeTree(files, owners, manifest, large, Made(facts, parts))


def _made(
    service: Service, numbered: tuple[int, Part], facts: Facts, known: Made | None
) -> tuple[AnyFile, ...]:
    """The files of a part: those of before where nothing that it reads differs."""
    number, part = numbered
    before = known.parts.get((service.name, number)) if known else None
    if known is None or before is None:
        return tuple(_opened(file, service.group) for file in part.render(facts.state))
    differing = facts.differing(known.facts, part.reads)
    if not differing:
        return before
    updated = part.update(Change(known.facts.state, facts.state, differing, before))
    found = part.render(facts.state) if updated is None else updated
    same = {file.path: file for file in before}
    opened = (_opened(file, service.group, same.get(file.path)) for file in found)
    # equal files are the same object, which nobody has to compare or to hash again
    return tuple(same[file.path] if same.get(file.path) == file else file for file in opened)


def _in_parts(files: Mapping[str, AnyFile], known: Mapping[str, Parted]) -> dict[str, Parted]:
    """The large files. Those of the config volume stay whole, as they lie on `main`."""
    return {
        path: parted(file.content, known.get(path))
        for path, file in files.items()
        if isinstance(file, RenderedFile) and len(file.content) >= PARTED and not below_config(path)
    }


def _enabled(state: State) -> list[Service]:
    return [service for service in SERVICES if service.enabled(state)]


def _opened(file: AnyFile, group: str, before: AnyFile | None = None) -> AnyFile:
    """The file, marked for filling and closed to other users if it holds sealed values."""
    if isinstance(file, CertificateFile) or file.fill:
        return file
    content = file.content
    if isinstance(before, RenderedFile) and not before.fill:  # it held none: only new lines may
        content = differing_lines(before.content, content)[1]
    if not holds_sealed(content):
        return file
    owner = f"root:{group}" if file.owner == "root:root" else file.owner
    return replace(file, fill=True, mode=file.mode & 0o750, owner=owner)


def complaints(state: State, node: str, known: NodeTree | None = None) -> list[Complaint]:
    """What the services of a node refuse of this state, in the order of files and lines.

    `known` is what an earlier state, of which nothing was refused, was rendered to.
    """
    facts = Facts(state.seen_from(node))
    before = known.made.facts if known and known.made else None
    return sorted(
        complaint
        for service in SERVICES
        for check in service.checks
        if before is None or facts.differing(before, check.reads)
        for complaint in check.find(facts.state, before.state if before else None)
    )


def notices(before: State, after: State) -> list[Complaint]:
    """What the services say of a change that is taken all the same, in the order of files and lines."""
    return sorted(notice for service in SERVICES for notice in service.notices(before, after))


def reads_clear(path: str) -> bool:
    """Whether a service reads or runs this file below config/ as it stands on `main`, never opened."""
    return any(fnmatchcase(path, pattern) for service in SERVICES for pattern in service.reads_clear)


def _manifest(
    state: State, files: Mapping[str, AnyFile], owners: Mapping[str, str], large: Mapping[str, Parted]
) -> bytes:
    running = [service for service in _enabled(state) if service.programs(state)]
    document = {
        "format": PARTED_FORMAT if large else FORMAT,
        "renderer": controlplane.__version__,
        "hostname": state.settings.hostname,
        "files": {path: _row(file, owners[path], large.get(path)) for path, file in files.items()},
        "services": {
            service.name: {
                "programs": list(service.programs(state)),
                "probes": [probe.row() for probe in service.probes(state)],
            }
            for service in running
        },
        "order": [service.name for service in running],
        "certificates": [source._asdict() for source in sources(state)],
        "mail_owner": [state.settings.dms_vmail_uid, state.settings.dms_vmail_gid],
        "log_level": state.settings.log_level,
        "supervisor_log_level": state.settings.supervisor_loglevel,
        "account_deadline": _account_deadline(state),
    }
    return (json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()


def _account_deadline(state: State) -> int:
    """Seconds that a container without an account runs after its start; 0 where none is needed."""
    settings = state.settings
    needed = settings.account_provisioner == "FILE" and not settings.smtp_only and not state.desired.accounts
    return settings.first_account_timeout if needed else 0


def _row(file: AnyFile, service: str, large: Parted | None) -> dict[str, Any]:
    entry = _entry(file, service)
    if large:
        entry = replace(entry, parts=tuple(map(FilePart, large.sizes)))
    row = entry.row(service)
    if isinstance(file, RenderedFile):
        row["origins"] = [[origin.line, origin.path, origin.at] for origin in file.origins]
    return row


def _entry(file: AnyFile, service: str) -> Entry:
    place = (file.action, file.mode, file.owner)
    if isinstance(file, CertificateFile):
        return Entry(file.path, file.services, *place, identity=file.identity, slot=file.slot, part=file.part)
    services = file.readers or (service, *file.also)
    return Entry(file.path, services, *place, file.compile, restart_on=file.restart_on, fill=file.fill)
