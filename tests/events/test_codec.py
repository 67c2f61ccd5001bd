"""How events are written down, and what is not read back."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from controlplane.errors import Corrupt
from controlplane.events import AccountAdded, AliasAdded, Event, OverrideChanged
from controlplane.events.codec import Codec, decode, encode
from controlplane.model import Draft
from wire.blobs import blob_id


def _no_blobs(identity: str) -> bytes:
    raise Corrupt(f"no blob {identity}")


def test_a_record_is_one_flat_object() -> None:
    """Kind and version come first, then the fields in the order of the class."""
    record, blobs = encode(AliasAdded(source="a@example.test", targets=("b@example.test",)))
    assert list(record.items()) == [
        ("kind", "alias.added"),
        ("v", 1),
        ("source", "a@example.test"),
        ("targets", ["b@example.test"]),
    ]
    assert blobs == {}


def test_content_stands_beside_the_record() -> None:
    """Bytes are written as a reference to a blob with git's own id."""
    event = OverrideChanged(path="dovecot.cf", content=b"a = b\n")
    record, blobs = encode(event)
    assert record["content"] == {"blob": blob_id(b"a = b\n")}
    assert decode(record, blobs.__getitem__) == event


GOOD = {"kind": "alias.added", "v": 1, "source": "a@example.test", "targets": ["b@example.test"]}
CHANGED = {
    "kind": "override.changed",
    "v": 1,
    "path": "x",
    "content": {"blob": blob_id(b"x")},
    "executable": False,
}


@pytest.mark.parametrize(
    "record",
    [
        {**GOOD, "kind": "alias.invented"},
        {**GOOD, "kind": ["alias.added"]},
        {name: value for name, value in GOOD.items() if name != "kind"},
        {**GOOD, "v": 2},
        {**GOOD, "v": 0},
        {**GOOD, "v": True},
        {**GOOD, "v": "1"},
        {**GOOD, "source": 5},
        {**GOOD, "source": ["a"]},
        {**GOOD, "targets": "b@example.test"},
        {**GOOD, "targets": [1]},
        {**GOOD, "more": 1},
        {name: value for name, value in GOOD.items() if name != "targets"},
        {**CHANGED, "content": "x"},
        {**CHANGED, "content": {"blob": 1}},
        CHANGED,
    ],
)
def test_what_no_release_wrote_is_corrupt(record: dict[str, Any]) -> None:
    """Decoding is strict: no unknown kind, version or field, no coercion, no missing blob."""
    with pytest.raises(Corrupt):
        decode(record, _no_blobs)


def test_a_blob_with_other_content_is_corrupt() -> None:
    """A byte changed in a stored content shows when it is read."""
    with pytest.raises(Corrupt, match="other content"):
        decode(CHANGED, {blob_id(b"x"): b"y"}.__getitem__)


def test_a_complaint_does_not_show_the_hash() -> None:
    """A damaged account event is reported without its password hash."""
    record, _ = encode(AccountAdded(address="a@example.test", password_hash="{SHA}secret"))
    with pytest.raises(Corrupt) as caught:
        decode({**record, "password_hash": ["{SHA}secret"]}, _no_blobs)
    assert "secret" not in str(caught.value)


class _RoomBooked(Event):
    """An event of this test alone, at its third version: `seats` was `size`, then text."""

    kind = "room.booked"
    version: ClassVar[int] = 3
    effect = "add"
    room: str
    seats: int

    @property
    def subject(self) -> str:
        return self.room

    def apply(self, draft: Draft) -> None:
        """Nothing to fold."""


def _renamed(fields: dict[str, Any]) -> dict[str, Any]:
    fields["seats"] = fields.pop("size")
    return fields


def _counted(fields: dict[str, Any]) -> dict[str, Any]:
    return {**fields, "seats": int(fields["seats"])}


ROOMS = Codec([_RoomBooked], {("room.booked", 1): _renamed, ("room.booked", 2): _counted})


@pytest.mark.parametrize(
    "record",
    [
        {"kind": "room.booked", "v": 1, "room": "red", "size": "12"},
        {"kind": "room.booked", "v": 2, "room": "red", "seats": "12"},
        {"kind": "room.booked", "v": 3, "room": "red", "seats": 12},
    ],
)
def test_every_version_ever_written_is_read(record: dict[str, Any]) -> None:
    """Old records go up step by step until they have today's shape; the record itself stays as it is."""
    before = dict(record)
    assert ROOMS.decode(record, _no_blobs) == _RoomBooked(room="red", seats=12)
    assert record == before


def test_a_missing_step_is_corrupt() -> None:
    """A version that nothing leads up from cannot be read, and says so."""
    with pytest.raises(Corrupt, match="version 1 to 2"):
        Codec([_RoomBooked], {}).decode({"kind": "room.booked", "v": 1}, _no_blobs)
