"""What to blame for a release that did not serve: the line of `main`, and the change set that brought it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any

from controlplane.errors import MailserverError
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


def change_of(stores: Stores, outcome: Mapping[str, Any], origin: str) -> tuple[str, int]:
    """The change set to blame, in words, and the position to roll back to: that of what serves.

    ("", 0) where the releases are not known.
    """
    try:
        failed, serving = _releases(stores, outcome)
        back = serving.basis.log_position if serving else 0
        position = _position(stores, failed.basis.log_position, back, origin)
        change = stores.log.header(stores.log.commit_at(position))
    except (LookupError, MailserverError):
        return "", 0
    return f"change set {position} by {change.author or change.actor}", back


def position_of(stores: Stores, outcome: Mapping[str, Any]) -> int:
    """The position of the log that the release of an outcome was rendered from; 0 where nothing tells it."""
    try:
        return _releases(stores, {**outcome, "serving": 0, "serving_commit": ""})[0].basis.log_position
    except (LookupError, MailserverError):
        return 0


def _position(stores: Stores, newest: int, serving: int, origin: str) -> int:
    """The last change set that changed the file of `origin`; the newest one where none did."""
    path = origin.partition(":")[0]
    kind, subject = KINDS.get(path, ""), path.removeprefix(CONFIG)
    for position in range(newest, max(serving, newest - LONGEST_SEARCH), -1):
        for event in stores.log.read(position).events if path else ():
            if event.kind.startswith(kind) if kind else event.subject == subject:
                return position
    return newest


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
