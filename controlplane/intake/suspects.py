"""What to blame for a release that did not serve: the line of `main`, and the change set that brought it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from controlplane.errors import MailserverError
from controlplane.events import Event
from controlplane.intake.origins import led_back
from controlplane.intake.stores import Stores
from controlplane.model import DEFAULT_NODE
from controlplane.release import Release
from controlplane.statefiles.event_kinds import KINDS
from controlplane.statefiles.treefile import CONFIG

LONGEST_SEARCH = 50
"""Change sets between the release that serves and the one that failed that are looked through."""


def origin_of(stores: Stores, outcome: Mapping[str, Any]) -> str:
    """`config/postfix-main.cf:7` behind a failure; "" where nothing leads back to `main`.

    What the complaint names comes first. Most complaints name no line: then it is the first line that the
    failed release has and the one that serves has not, in a file of the failing service.
    """
    try:
        failed, serving = _releases(stores, outcome)
        files = stores.releases.manifest(failed, DEFAULT_NODE)["files"]
        path = str(outcome.get("path") or "")
        if path in files:
            found = led_back(files[path].get("origins") or (), int(outcome.get("line") or 0))
            if found[0]:
                return _written(found)
        new = _changed(stores, failed, serving)
        return _first(files, new, str(outcome.get("service") or ""))
    except (LookupError, ValueError, MailserverError):
        return ""  # a hint: its lack must not keep the outcome from being recorded


class Suspect(NamedTuple):
    """The change set to blame: in words, its position, its commit of `main`.

    `back` is the position of what serves.
    """

    change: str = ""
    back: int = 0
    position: int = 0
    main: str = ""


def change_of(
    stores: Stores, outcome: Mapping[str, Any], origin: str, newest: Release | None = None
) -> Suspect:
    """The change set that brought the line at `origin`; nothing where the releases are not known.

    `newest` is a later release that has the line, too: then it is the one that brought it last.
    """
    try:
        failed, serving = _releases(stores, outcome)
        back = serving.basis.log_position if serving else 0
        path, _, number = origin.partition(":")
        line = _line(stores, failed.basis.main_commit, path, int(number or 0))
        until = (newest or failed).basis.log_position
        position = _position(stores, range(until, max(back, until - LONGEST_SEARCH), -1), path, line)
        change = stores.log.header(stores.log.commit_at(position))
    except (LookupError, MailserverError):
        return Suspect()
    text = f"change set {position} by {change.author or change.actor}"
    return Suspect(text, back, position, change.main_commit)


def position_of(stores: Stores, outcome: Mapping[str, Any]) -> int:
    """The position of the log that the release of an outcome was rendered from; 0 where nothing tells it."""
    try:
        return _releases(stores, {**outcome, "serving": 0, "serving_commit": ""})[0].basis.log_position
    except (LookupError, MailserverError):
        return 0


def held_files(stores: Stores, row: Mapping[str, Any], origin: str) -> set[str]:
    """The files of `main` behind what a row of the node's quarantine holds; `origin` is what is to blame."""
    found = {origin.partition(":")[0]} if origin else set()
    try:
        failed, serving = _releases(stores, row)
        pairs = [(failed, serving), (serving, failed)] if serving else [(failed, None)]
        for new, old in pairs:
            files = stores.releases.manifest(new, DEFAULT_NODE)["files"]
            changed = _changed(stores, new, old)
            for path in row["files"].keys() & changed.keys() & files.keys():
                before, after = changed[path]
                places = (
                    led_back(files[path].get("origins") or (), line)
                    for line in _added(before.splitlines(), after.splitlines())
                )
                found |= {name for name, _ in places if name}
    except (LookupError, ValueError, MailserverError):
        pass  # a hint, like the origin
    return found


def _position(stores: Stores, positions: range, path: str, line: bytes) -> int:
    """The change set that brought a line, of these, newest first; else the last of its file, or of all."""
    found = 0
    for position in positions if path else ():
        if not _concerns(stores.log.read(position).events, path):
            continue
        header = stores.log.header(stores.log.commit_at(position))
        if found and (not line or line not in _lines(stores, header.main_commit, path)):
            break
        found = position
    return found or positions.start


def _concerns(events: Iterable[Event], path: str) -> bool:
    """Whether some of these events are of a file of `main`."""
    kind, subject = KINDS.get(path, ""), path.removeprefix(CONFIG)
    return any(event.kind.startswith(kind) if kind else event.subject == subject for event in events)


def _line(stores: Stores, main: str, path: str, number: int) -> bytes:
    lines = _lines(stores, main, path)
    return lines[number - 1] if 0 < number <= len(lines) else b""


def _lines(stores: Stores, main: str, path: str) -> list[bytes]:
    try:
        return stores.repo.file(main, path).splitlines() if main else []
    except MailserverError:
        return []


def _releases(stores: Stores, outcome: Mapping[str, Any]) -> tuple[Release, Release | None]:
    """What failed and what serves, by commit or by number."""
    found: list[Release] = []
    for commit, number in (("commit", "release"), ("serving_commit", "serving")):
        if outcome.get(commit):
            found.append(stores.releases.read(str(outcome[commit])))
        elif outcome.get(number):
            found.append(stores.releases.by_number(int(outcome[number])))
    return found[0], found[1] if len(found) > 1 else None


def _changed(stores: Stores, failed: Release, serving: Release | None) -> dict[str, tuple[bytes, bytes]]:
    """Old and new content of the files that differ, by path in the container."""
    repo, prefix = stores.repo, f"{DEFAULT_NODE}/"
    before = repo.tree_files(serving.tree) if serving else {}
    after = repo.tree_files(failed.tree)
    return {
        path.removeprefix(prefix): (
            repo.blob(before[path].id, path) if path in before else b"",
            repo.blob(entry.id, path),
        )
        for path, entry in after.items()
        if before.get(path) != entry
    }


def _first(files: Mapping[str, Any], changed: Mapping[str, tuple[bytes, bytes]], service: str) -> str:
    for path, (old, new) in changed.items():
        origins = files.get(path, {}).get("origins")
        if not origins or files[path].get("service") != service:
            continue
        for line in _added(old.splitlines(), new.splitlines()):
            found = led_back(origins, line)
            if found[0]:
                return _written(found)
    return ""


def _added(old: list[bytes], new: list[bytes]) -> Iterator[int]:
    """Numbers of the lines that `new` has more than `old`; blank ones and comments break nothing."""
    for tag, _, _, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag in ("insert", "replace"):
            rows = range(start + 1, end + 1)
            yield from (n for n in rows if new[n - 1].strip() and not new[n - 1].lstrip().startswith(b"#"))


def _written(place: tuple[str, int]) -> str:
    path, line = place
    return f"{path}:{line}" if line else path
