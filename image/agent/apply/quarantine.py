"""Content that failed before is held until it changes; everything else of a release is tried."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from agent.errors import Failed
from agent.records.journal import Journal
from agent.release.held import Part, digest, holds, prints
from agent.release.manifest import Release

Row = dict[str, Any]
"""The failure as `commit`, `number`, `service`, `reason`, `path` and `line`; `serving` and
`serving_commit` name the release that served then. The content that failed stands in `files`, `services`
and `facts` as digests (held.py); `digest` is over all of it. `beside` has the digests of what was held
when it failed: without that it may be good."""


def make_row(
    releases: tuple[Release, Release], part: Part, failure: Failed, beside: Sequence[Row], held: Sequence[Row]
) -> Row:
    """The row for a part that failed of the second of two releases; the first one served then.

    `beside` is what was held then, `held` what is held of the release that serves: content that overlaps with
    this has to be looked at since that release before it failed.
    """
    serving, release = releases
    content = prints(release, part)
    since = next((row for row in held if part.files & row["files"].keys()), {})
    return {
        "commit": release.commit,
        "number": release.number,
        "service": failure.service,
        "reason": failure.reason,
        "path": failure.path,
        "line": failure.line,
        "serving": since.get("serving", serving.number),
        "serving_commit": since.get("serving_commit", serving.commit),
        "beside": [row["digest"] for row in beside],
        "digest": digest(content),
        **content,
    }


def find_rows(rows: Iterable[Row], release: Release) -> list[Row]:
    """The rows that hold something of a release, the oldest failure first."""
    found: dict[str, Row] = {}
    for row in rows:
        if "files" in row and holds(row, release) and found.keys() >= set(row["beside"]):
            found[row["digest"]] = row
    return list(found.values())


def put_in(store: Journal, row: Row) -> None:
    """Add a row; an older one for the same content goes."""
    store.set_quarantine([*(r for r in store.quarantine() if r["digest"] != row["digest"]), row])


def take_out(store: Journal, release: Release) -> None:
    """Remove the rows whose content a release serves with."""
    rows = store.quarantine()
    left = [row for row in rows if "files" in row and not _serves(row, release)]
    if left != rows:
        store.set_quarantine(left)


def _serves(row: Row, release: Release) -> bool:
    return holds({**row, "commit": ""}, release)
