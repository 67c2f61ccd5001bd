"""Events as JSON and back: what the log holds.

A record is one flat object, `{"kind": "alias.added", "v": 1, …fields}`. A field of bytes is written as
`{"blob": id}`, its content stands beside the record under git's object id. What was written once is read
for ever: a class that changes shape raises its `version` and adds a step to `UPCASTS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import ValidationError

import controlplane
from controlplane.errors import Corrupt, TooNew
from controlplane.events import EVENTS, Event
from wire.blobs import blob_id

Record = dict[str, Any]
ReadBlob = Callable[[str], bytes]
"""Gives the content of a blob by its id; raises Corrupt where there is none."""
Upcast = Callable[[Record], Record]
"""Turns the fields of one version into those of the next; it gets a copy that it may change."""

UPCASTS: Mapping[tuple[str, int], Upcast] = {
    ("node.observed", 1): lambda fields: fields,  # the image, which is new in it, is not known then
}
"""Steps from (kind, version) to the version behind it."""


_LATER = f": a later version of the image wrote it, this is {controlplane.__version__}"


class Codec:
    """Reads and writes the events of a closed table."""

    def __init__(self, events: Iterable[type[Event]], upcasts: Mapping[tuple[str, int], Upcast]) -> None:
        self._classes = {event.kind: event for event in events}
        self._bytes_fields = {
            kind: tuple(name for name, spec in event.model_fields.items() if spec.annotation is bytes)
            for kind, event in self._classes.items()
        }
        self._upcasts = upcasts

    def encode(self, event: Event) -> tuple[Record, dict[str, bytes]]:
        """An event as plain JSON values, and the blobs to be stored with it."""
        record: Record = {"kind": event.kind, "v": event.version}
        blobs: dict[str, bytes] = {}
        for name, value in vars(event).items():
            if isinstance(value, str):
                record[name] = value
                continue
            if isinstance(value, bytes):
                identity = blob_id(value)
                blobs[identity] = value
                value = {"blob": identity}
            elif isinstance(value, tuple):
                value = list(value)
            record[name] = value
        return record, blobs

    def decode(self, record: Mapping[str, Any], read_blob: ReadBlob) -> Event:
        """The event of a record; raises TooNew for a kind or version that is not known here.

        Raises Corrupt for fields that no program ever wrote.
        """
        kind, version = record.get("kind"), record.get("v")
        event = self._classes.get(kind) if isinstance(kind, str) else None
        if event is None:
            wrong = TooNew if isinstance(kind, str) else Corrupt
            raise wrong(f"the log holds an event of unknown kind {kind!r}{_LATER}")
        if type(version) is not int or version < 1:
            raise Corrupt(f"{kind}: there is no version {version!r}")
        if version > event.version:
            raise TooNew(f"{kind}: version {version!r} is not known here (up to {event.version}){_LATER}")
        fields = dict(record)
        del fields["kind"], fields["v"]
        for step in range(version, event.version):
            fields = self._upcast(event.kind, step, fields)
        for name in self._bytes_fields[event.kind]:
            fields[name] = _content(event.kind, fields.get(name), read_blob)
        for name, value in fields.items():
            if type(value) is list:  # JSON has no tuples, and strict validation takes no list for one
                fields[name] = tuple(value)
        try:
            return event.model_validate(fields)
        except ValidationError as error:
            raise Corrupt(f"{kind}: {_first(error)}") from error

    def _upcast(self, kind: str, version: int, fields: Record) -> Record:
        step = self._upcasts.get((kind, version))
        if step is None:
            raise Corrupt(f"{kind}: nothing leads from version {version} to {version + 1}")
        return step(dict(fields))


def _content(kind: str, reference: object, read_blob: ReadBlob) -> bytes:
    identity = reference.get("blob") if isinstance(reference, dict) else None
    if not isinstance(identity, str):
        raise Corrupt(f"{kind}: content is not a blob reference")
    content = read_blob(identity)
    if blob_id(content) != identity:
        raise Corrupt(f"{kind}: blob {identity} holds other content than its name says")
    return content


def _first(error: ValidationError) -> str:
    """The first complaint, without the value at fault, which may be a password hash."""
    first = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


_CODEC = Codec(EVENTS, UPCASTS)
encode = _CODEC.encode
decode = _CODEC.decode
