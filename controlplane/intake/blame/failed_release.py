"""Finds what to blame for a release that does not serve: a line of `main`, the change set that added it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from controlplane.errors import MailserverError
from controlplane.events import Event
from controlplane.intake.blame.parts import parts_behind
from controlplane.intake.blame.source_map import locate_source
from controlplane.intake.stores import Stores
from controlplane.model import State
from controlplane.release import Release
from controlplane.statefiles.event_kinds import file_behind, split_name
from controlplane.statefiles.treefile import SETTINGS
from wire.resemblance import resemblance

LONGEST_SEARCH = 50
"""The most change sets to search between the release that serves and the failed one."""


def origin_of(stores: Stores, outcome: Mapping[str, Any], node: str) -> str:
    """`config/postfix-main.cf:7` behind a failure on a node; "" where nothing leads back to `main`.

    What the complaint names comes first. Most complaints name no line: then it is, of the lines that the
    failed release has and the one that serves has not, the one that resembles it most, in a file of the
    failing service; elsewhere where nothing there was written by a person.
    """
    try:
        failed, serving = _releases(stores, outcome)
        files = stores.releases.manifest(failed, node)["files"]
        path = str(outcome.get("path") or "")
        if path in files:
            found = locate_source(files[path].get("origins") or (), int(outcome.get("line") or 0))
            if found[0]:
                return _written(found)
        new = _changed(stores, failed, serving, node)
        service = str(outcome.get("service") or "")
        said = str(outcome.get("reason") or "")
        return (
            _likely(files, new, said, service)
            or _first_setting(stores, (failed, serving), files, new, service)
            or _likely(files, new, said)
        )
    except (LookupError, ValueError, MailserverError):
        return ""  # a hint: its lack must not keep the outcome from being recorded


class Suspect(NamedTuple):
    """The change set to blame: in words, by position, and by its commit of `main`.

    `back` is the position of what serves.
    """

    change: str = ""
    back: int = 0
    position: int = 0
    main: str = ""


def change_of(
    stores: Stores, outcome: Mapping[str, Any], origin: str, newest: Release | None = None
) -> Suspect:
    """The change set that added the line at `origin`; an empty one if the releases are unknown.

    `newest` is a later release that has the line, too: then it is the one that brought it last.
    """
    try:
        failed, serving = _releases(stores, outcome)
        back = serving.basis.log_position if serving else 0
        path, _, number = origin.partition(":")
        line = _line(stores, failed.basis.main_commit, path, int(number or 0))
        until = (newest if newest and line else failed).basis.log_position
        position = _position(stores, back, until, path, line)
        if not position:
            return Suspect(back=back)
        change = stores.log.header(stores.log.commit_at(position))
    except (LookupError, MailserverError):
        return Suspect()
    if change.source == "image":  # nothing on main takes that back
        return Suspect(f"change set {position}: {change.reason}. The image before can be started again", back)
    text = f"change set {position} by {change.author or change.actor}"
    return Suspect(text, back, position, change.main_commit)


def position_of(stores: Stores, outcome: Mapping[str, Any]) -> int:
    """The log position that the release of an outcome was rendered from; 0 if unknown."""
    try:
        return _releases(stores, {**outcome, "serving": 0, "serving_commit": ""})[0].basis.log_position
    except (LookupError, MailserverError):
        return 0


def held_names(stores: Stores, row: Mapping[str, Any]) -> tuple[str, ...]:
    """The files and entries of `main` behind a row of the node's quarantine, as in `mailserver.env:NAME`."""
    try:
        failed, serving = _releases(stores, row)
        return parts_behind(_state(stores, serving), _state(stores, failed), row)
    except (LookupError, ValueError, MailserverError):
        return ()  # a hint, like the origin


def blameless(stores: Stores, row: Mapping[str, Any], origin: str, names: Iterable[str]) -> tuple[str, ...]:
    """Those of the held names that are not to blame: they wait for the line at `origin`."""
    path, _, number = origin.partition(":")
    own = ""
    if path == SETTINGS and number:
        try:
            line = _line(stores, _releases(stores, row)[0].basis.main_commit, path, int(number))
        except (LookupError, MailserverError):
            line = b""
        own = f"{path}:{_setting_of(line)}"
    return tuple(name for name in names if split_name(name)[0] != path or (own and name != own))


def _setting_of(line: bytes) -> str:
    return line.partition(b"=")[0].strip().decode("utf-8", "replace")


def _position(stores: Stores, back: int, until: int, path: str, line: bytes) -> int:
    """The newest change set that added a line; 0 if unknown.

    Without a line it is the first one about the file since what serves, which must have been in the release
    that failed. Where not even a file is known there must be one change set alone.
    """
    if not path or not line:
        changes = (
            (n, stores.log.read(n).events) for n in range(back + 1, min(until, back + LONGEST_SEARCH) + 1)
        )
        found = [n for n, events in changes if _concerns(events, path)]
        return found[0] if found and (path or len(found) == 1) else 0
    last = 0
    for position in range(until, max(back, until - LONGEST_SEARCH), -1):
        if not _concerns(stores.log.read(position).events, path):
            continue
        header = stores.log.header(stores.log.commit_at(position))
        if last and line not in _lines(stores, header.main_commit, path):
            break
        last = position
    return last


def _concerns(events: Iterable[Event], path: str) -> bool:
    """Whether one of these events concerns a file of `main` (any file if none is named)."""
    changes = (event for event in events if event.effect != "report")
    return any(not path or file_behind(event.kind, event.subject) == path for event in changes)


def _line(stores: Stores, main: str, path: str, number: int) -> bytes:
    lines = _lines(stores, main, path)
    return lines[number - 1] if 0 < number <= len(lines) else b""


def _lines(stores: Stores, main: str, path: str) -> list[bytes]:
    try:
        return stores.repo.file(main, path).splitlines() if main else []
    except MailserverError:
        return []


def _releases(stores: Stores, outcome: Mapping[str, Any]) -> tuple[Release, Release | None]:
    """The release that failed and the one that serves, by commit or by number."""
    found: list[Release] = []
    for commit, number in (("commit", "release"), ("serving_commit", "serving")):
        if outcome.get(commit):
            found.append(stores.releases.read(str(outcome[commit])))
        elif outcome.get(number):
            found.append(stores.releases.by_number(int(outcome[number])))
    return found[0], found[1] if len(found) > 1 else None


def _changed(
    stores: Stores, failed: Release, serving: Release | None, node: str
) -> dict[str, tuple[bytes, bytes]]:
    """Old and new content of the files of a node that differ, by path in the container."""
    releases, prefix = stores.releases, f"{node}/"
    before, after = releases.files(serving.tree if serving else ""), releases.files(failed.tree)
    return {
        path.removeprefix(prefix): (releases.content(before, path), releases.content(after, path))
        for path, found in after.items()
        if path.startswith(prefix) and before.get(path) != found
    }


def _likely(
    files: Mapping[str, Any], changed: Mapping[str, tuple[bytes, bytes]], said: str, service: str = ""
) -> str:
    """The added line, of a service's files or of all, that has most of what was said; the first of these."""
    best, place = -1, ""
    for path, (old, new) in changed.items():
        origins = files.get(path, {}).get("origins")
        if not origins or (service and files[path].get("service") != service):
            continue
        rows = new.splitlines()
        for line in _added(old.splitlines(), rows):
            found = locate_source(origins, line)
            score = resemblance(said, rows[line - 1].decode("utf-8", "replace"))
            if found[0] and score > best:
                best, place = score, _written(found)
    return place


def _first_setting(
    stores: Stores,
    releases: tuple[Release, Release | None],
    files: Mapping[str, Any],
    changed: Collection[str],
    service: str,
) -> str:
    """The setting behind the changed files of a service, as rendered lines do not name theirs."""
    failed, serving = releases
    paths = [path for path in changed if files.get(path, {}).get("service") == service]
    names = parts_behind(_state(stores, serving), _state(stores, failed), {"files": paths}) if paths else ()
    for path, name in map(split_name, names):
        if path == SETTINGS:
            rows = _lines(stores, failed.basis.main_commit, path)
            found = [n for n, row in enumerate(rows, 1) if _setting_of(row) == name]
            return _written((path, found[-1] if found else 0))
    return ""


def _state(stores: Stores, release: Release | None) -> State:
    return stores.checkpoints.state_at(stores.log, release.basis.log_position) if release else State()


def _added(old: list[bytes], new: list[bytes]) -> Iterator[int]:
    """Numbers of the lines added in `new`, without blank lines and comments, which break nothing."""
    for tag, _, _, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag in ("insert", "replace"):
            rows = range(start + 1, end + 1)
            yield from (n for n in rows if new[n - 1].strip() and not new[n - 1].lstrip().startswith(b"#"))


def _written(place: tuple[str, int]) -> str:
    path, line = place
    return f"{path}:{line}" if line else path
