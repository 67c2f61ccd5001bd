"""Renders a whole node: every service's files, and the manifest that describes them to the agent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

import controlplane
from controlplane.model import State
from controlplane.sealing import holds_sealed
from renderers import SERVICES
from renderers.certificates import sources
from renderers.service import CertificateFile, Complaint, RenderedFile, Service
from wire.manifest import FORMAT, Entry


@dataclass(frozen=True)
class NodeTree:
    """What one node gets: files by path (absolute, without the leading slash) and the manifest."""

    files: Mapping[str, RenderedFile | CertificateFile]
    owners: Mapping[str, str]
    """The service of each file."""
    manifest: bytes

    def owner_of(self, path: str) -> str:
        """The service that a file belongs to; raises KeyError for a path that is not rendered."""
        return self.owners[path]


NodeTrees = Mapping[str, NodeTree]
"""What each node gets, by its name."""


def render(state: State, node: str) -> NodeTree:
    """Render everything that a node reads. Pure: the same state gives the same bytes.

    Raises ValueError where two services render the same path.
    """
    state = state.seen_from(node)
    files: dict[str, RenderedFile | CertificateFile] = {}
    owners: dict[str, str] = {}
    for service in _enabled(state):
        for file in service.render(state):
            if file.path in files:
                raise ValueError(f"{service.name} and {owners[file.path]} both render {file.path}")
            files[file.path] = _opened(file, service.group)
            owners[file.path] = service.name
    return NodeTree(files, owners, _manifest(state, files, owners))


def _enabled(state: State) -> list[Service]:
    return [service for service in SERVICES if service.enabled(state)]


def _opened(file: RenderedFile | CertificateFile, group: str) -> RenderedFile | CertificateFile:
    """The file, marked for filling and closed to other users if it holds sealed values."""
    if isinstance(file, CertificateFile) or file.fill or not holds_sealed(file.content):
        return file
    owner = f"root:{group}" if file.owner == "root:root" else file.owner
    return replace(file, fill=True, mode=file.mode & 0o750, owner=owner)


def complaints(state: State, node: str) -> list[Complaint]:
    """What the services of a node refuse of this state, in the order of files and lines."""
    state = state.seen_from(node)
    return sorted(complaint for service in SERVICES for complaint in service.complaints(state))


def reads_clear(path: str) -> bool:
    """Whether a service reads or runs this file below config/ as it stands on `main`, never opened."""
    return any(fnmatchcase(path, pattern) for service in SERVICES for pattern in service.reads_clear)


def _manifest(
    state: State, files: Mapping[str, RenderedFile | CertificateFile], owners: Mapping[str, str]
) -> bytes:
    running = [service for service in _enabled(state) if service.programs(state)]
    document = {
        "format": FORMAT,
        "renderer": controlplane.__version__,
        "hostname": state.settings.hostname,
        "files": {path: _row(file, owners[path]) for path, file in files.items()},
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


def _row(file: RenderedFile | CertificateFile, service: str) -> dict[str, Any]:
    row = _entry(file, service).row(service)
    if isinstance(file, RenderedFile):
        row["origins"] = [[origin.line, origin.path, origin.at] for origin in file.origins]
    return row


def _entry(file: RenderedFile | CertificateFile, service: str) -> Entry:
    place = (file.action, file.mode, file.owner)
    if isinstance(file, CertificateFile):
        return Entry(file.path, file.services, *place, identity=file.identity, slot=file.slot, part=file.part)
    services = (service, *file.also)
    return Entry(file.path, services, *place, file.compile, restart_on=file.restart_on, fill=file.fill)
