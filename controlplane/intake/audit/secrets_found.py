"""Finds secrets in the clear in a whole repository: `main`, the log, releases, and every other reference.

Each content of a path is looked at once, at the oldest commit that has it. The same detector that refuses
a push is asked, so what comes in today is not found tomorrow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from controlplane.errors import Corrupt, MailserverError, Problem
from controlplane.event_log import BLOBS, EVENTS, HEADER
from controlplane.events import Event, OverrideChanged, RelayCredentialsSet, SettingChanged
from controlplane.git import EXECUTABLE, FILE, StateRepo
from controlplane.git.objects import TREE, TreeEntry
from controlplane.intake.checks.secrets_in_clear import in_clear
from controlplane.log_format import decode_events, decode_header
from controlplane.sealing import is_sealed_value
from controlplane.settings import ENV_FILE, catalog
from controlplane.statefiles import accounts, masters, relay
from controlplane.statefiles.parsed import printable
from controlplane.statefiles.secret_words import holds_login
from controlplane.statefiles.treefile import CONFIG

MAIN, LOG, RELEASES = "main", "events", "rendered"
_LOG_POSITION = re.compile(r"^Log-Position: (\d+)$", re.MULTILINE)
_RENDERED = (
    (re.compile(r".*/etc/postfix/sasl_passwd.*"), relay.CREDENTIALS.path),
    (re.compile(r".*/etc/postfix/master\.cf(/\d+)?"), "config/postfix-master.cf"),
    (re.compile(r".*/etc/postfix/main\.cf(/\d+)?"), "config/postfix-main.cf"),
    (re.compile(r".*/etc/dovecot/.*\.conf(/\d+)?"), "config/dovecot.cf"),
    (re.compile(r".*/etc/rspamd/(.*)"), "config/rspamd/override.d/x.conf"),
)
"""Files of a release, or parts of them, and the file of `main` that has the same format."""


@dataclass(frozen=True, slots=True)
class Spot:
    """The place of a secret, never its value. `position` is 0 if no change set belongs to the commit,
    `line` where there is no line to tell."""

    ref: str
    commit: str
    position: int
    path: str
    line: int
    kind: str

    def as_dict(self) -> dict[str, Any]:
        """The spot as plain values, for JSON."""
        return asdict(self)


@dataclass
class Search:
    """A search of one repository. `unread` lists what could not be searched."""

    repo: StateRepo
    commits: int = 0
    unread: list[str] = field(default_factory=list)
    _seen: set[tuple[str, str]] = field(default_factory=set)
    _positions: dict[str, int] = field(default_factory=dict)

    def run(self) -> list[Spot]:
        """All places with a secret in the clear, by reference, oldest first."""
        spots: list[Spot] = []
        for ref, commit in self.repo.reachable(_ordered(self.repo.refs.names())):
            self.commits += 1
            try:
                spots += self._commit(ref, commit)
            except MailserverError as error:
                self.unread.append(f"{ref} {commit[:12]}: {error}")
        return [
            replace(spot, position=spot.position or self._positions.get(spot.commit, 0)) for spot in spots
        ]

    def _commit(self, ref: str, commit: str) -> Iterator[Spot]:
        info = self.repo.commit_info(commit)
        top = self.repo.entries(info.tree, f"commit {commit}")
        if HEADER in top and EVENTS in top:
            yield from self._change_set(ref, commit, top)
            return
        said = _LOG_POSITION.search(info.message)
        position = int(said[1]) if said else 0
        for path, entry in self._new(info.tree, ""):
            read_as = path
            if said:
                read_as = next((as_of for shape, as_of in _RENDERED if shape.fullmatch(path)), path)
            content = self.repo.blob(entry.id, f"{path} in {commit}")
            for problem in in_clear(read_as, content):
                yield _spot(replace(problem, path=path), ref, commit, position)

    def _new(self, tree: str, prefix: str) -> Iterator[tuple[str, TreeEntry]]:
        """Files of a tree that no earlier commit had at the same path."""
        for name, entry in self.repo.entries(tree, prefix).items():
            path = f"{prefix}{name}"
            if (path, entry.id) in self._seen:
                continue
            self._seen.add((path, entry.id))
            if entry.mode == TREE:
                yield from self._new(entry.id, f"{path}/")
            elif entry.mode in (FILE, EXECUTABLE):
                yield path, entry

    def _change_set(self, ref: str, commit: str, top: dict[str, TreeEntry]) -> Iterator[Spot]:
        header = decode_header(self.repo.blob(top[HEADER].id), commit)
        if header.main_commit:
            self._positions.setdefault(header.main_commit, header.position)
        blobs = self.repo.entries(top[BLOBS].id) if BLOBS in top else {}

        def blob(name: str) -> bytes:
            if name not in blobs:
                raise Corrupt(f"{BLOBS}/{name} is missing")
            return self.repo.blob(blobs[name].id)

        for event in decode_events(self.repo.blob(top[EVENTS].id), blob, f"change set {header.position}"):
            for problem in _of_event(event):
                yield _spot(problem, ref, commit, header.position)


def _ordered(names: Sequence[str]) -> list[str]:
    """Full names of references, `main` first, so that what is on it is reported there."""
    first = (MAIN, LOG, RELEASES)
    return sorted(
        names, key=lambda ref: (first.index(end) if (end := ref.rpartition("/")[2]) in first else 3, ref)
    )


def _of_event(event: Event) -> Iterator[Problem]:
    """Secrets in an event, each at the place on `main` that it concerns."""
    if isinstance(event, OverrideChanged):
        yield from in_clear(CONFIG + event.path, event.content)
    elif isinstance(event, RelayCredentialsSet):
        row = f"{event.key} {event.credentials}"
        yield from (replace(problem, line=0) for problem in in_clear(relay.CREDENTIALS.path, row.encode()))
    elif isinstance(event, SettingChanged):
        for value in (event.old, event.new):
            spec = catalog.SETTINGS.get(event.name)
            secret = spec is not None and spec.secret and value and not is_sealed_value(value)
            if secret or (value and holds_login(value)):
                yield Problem(ENV_FILE, 0, f"{event.name} is a password in the clear", "")
    elif "password_hash" in type(event).model_fields:
        path = masters.TABLE.path if event.kind.startswith("master") else accounts.PATH
        row = f"{event.subject}|{getattr(event, 'password_hash')}\n"  # noqa: B009  # of several classes
        yield from (replace(problem, line=0) for problem in in_clear(path, row.encode()))


def _spot(problem: Problem, ref: str, commit: str, position: int) -> Spot:
    name = ref.removeprefix("refs/heads/").removeprefix("refs/remotes/")
    return Spot(printable(name), commit, position, printable(problem.path), problem.line, problem.message)
