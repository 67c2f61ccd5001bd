"""Releases that failed before are refused until their content changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from agent.errors import Failed
from agent.manifest import Release
from agent.store import Store


def find_match(rows: Iterable[Mapping[str, Any]], release: Release) -> dict[str, Any] | None:
    """Why a release is held: it, or the same files of the service that failed, did not serve before."""
    for row in rows:
        same = row["commit"] == release.commit
        if same or (release.has(row["service"]) and release.digest(row["service"]) == row["digest"]):
            return {
                "service": row["service"],
                "reason": f"the same content failed as release {row['number']}: {row['reason']}",
                "path": row["path"],
                "line": row["line"],
            }
    return None


def put_in(store: Store, release: Release, failure: Failed) -> None:
    """Remember a release that did not serve, by its commit and by the failing service's files."""
    row = {
        "commit": release.commit,
        "number": release.number,
        "service": failure.service,
        "digest": release.digest(failure.service),
        "reason": failure.reason,
        "path": failure.path,
        "line": failure.line,
    }
    store.set_quarantine([*(r for r in store.quarantine() if r["commit"] != release.commit), row])


def take_out(store: Store, release: Release) -> None:
    """A release that serves clears its own content."""
    rows = store.quarantine()
    left = [r for r in rows if r["commit"] != release.commit and release.digest(r["service"]) != r["digest"]]
    if left != rows:
        store.set_quarantine(left)
