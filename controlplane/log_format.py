"""The stored form of a change set: its header as one JSON object, its events as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

import controlplane
from controlplane.errors import Corrupt, TooNew
from controlplane.events import ChangeSet, Event, Source
from controlplane.events.codec import decode, encode
from controlplane.timestamps import format_time, parse_time

FORMAT = 1
"""The version of the header; events carry versions of their own."""

SOURCES = frozenset(get_args(Source))


@dataclass(frozen=True, slots=True)
class Header:
    """A change set without its events; the fields of `ChangeSet`. `source` may be one of a later version."""

    position: int
    actor: str
    source: Source
    time: datetime
    reason: str
    main_commit: str
    author: str

    def change_set(self, events: tuple[Event, ...], commit: str) -> ChangeSet:
        """The whole change set; raises TooNew where it came a way that is not known here."""
        if self.source not in SOURCES:
            raise TooNew(
                f"change set {self.position} came from an unknown source, {self.source!r}: a later version "
                f"of the image wrote it, this is {controlplane.__version__}"
            )
        return ChangeSet(
            position=self.position,
            actor=self.actor,
            source=self.source,
            time=self.time,
            reason=self.reason,
            events=events,
            main_commit=self.main_commit,
            author=self.author,
            commit=commit,
        )


def encode_header(change: ChangeSet) -> bytes:
    """The content of change-set.json."""
    values = {
        "format": FORMAT,
        "position": change.position,
        "actor": change.actor,
        "source": change.source,
        "time": format_time(change.time),
        "reason": change.reason,
        "main_commit": change.main_commit,
        "author": change.author,
    }
    return _dump(values, indent=1) + b"\n"


def decode_header(content: bytes, commit: str) -> Header:
    """The header from change-set.json of a log commit; raises Corrupt."""
    try:
        values: dict[str, Any] = json.loads(content)
        known = values.pop("format") == FORMAT
        header = Header(**(values | {"time": parse_time(values["time"])}))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Corrupt(f"log commit {commit}: change-set.json cannot be read: {error}") from error
    if not known or type(header.position) is not int or type(header.source) is not str:
        raise Corrupt(f"log commit {commit}: change-set.json has an unknown format, source or position")
    return header


def encode_events(events: Iterable[Event]) -> tuple[bytes, dict[str, bytes]]:
    """The content of events.jsonl, and the blobs beside it by id."""
    lines, blobs = [], {}
    for event in events:
        record, contents = encode(event)
        lines.append(_dump(record) + b"\n")
        blobs.update(contents)
    return b"".join(lines), blobs


def decode_events(
    content: bytes, read_blob: Callable[[str], bytes], where: str, skip: int = 0
) -> tuple[Event, ...]:
    """The events from events.jsonl without the first `skip`; raises Corrupt naming the line."""
    events, number = [], 0
    try:
        for number, line in enumerate(content.splitlines()[skip:], skip + 1):  # noqa: B007  # told in the error
            events.append(decode(json.loads(line.decode("utf-8", "surrogatepass")), read_blob))
    except TooNew as error:
        raise TooNew(f"{where}: event {number}: {error}") from error
    except (ValueError, AttributeError, Corrupt) as error:
        raise Corrupt(f"{where}: event {number}: {error}") from error
    return tuple(events)


_ENCODER = json.JSONEncoder(ensure_ascii=False)
"""Made once: a first import writes a line for each of its accounts and aliases."""


def _dump(values: dict[str, Any], indent: int | None = None) -> bytes:
    text = json.dumps(values, ensure_ascii=False, indent=indent) if indent else _ENCODER.encode(values)
    return text.encode("utf-8", "surrogatepass")  # as json.loads reads bytes
