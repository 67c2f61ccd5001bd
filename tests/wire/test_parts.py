"""Large files in parts: cut by their content alone, and cut again at the cost of what differs."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.git import TreeEntry, object_id
from controlplane.git.objects import encode_tree
from wire.blobs import blob_id
from wire.common_ends import shared_prefix, shared_suffix
from wire.parts import LEAST, cut, folder_id, part_name, parted, recut, spans

LEAST_HERE, ONE_OF_HERE = 8, 3
LINES = st.lists(st.sampled_from([b"", b"a", b"bc", b"def", b"a@b:c", b"\xff" * 9, b"x" * 30]), max_size=40)
CONTENTS = st.builds(
    lambda lines, whole: b"\n".join(lines) + (b"\n" if whole and lines else b""), LINES, st.booleans()
)


def rows(count: int) -> list[bytes]:
    """Lines as those of a passwd-file."""
    hashes = (hashlib.sha512(b"%d" % number).hexdigest().encode() for number in range(count))
    return [b"u%d@example.test:%b:5000\n" % each for each in enumerate(hashes)]


@given(CONTENTS)
def test_joined_parts_are_the_content(content: bytes) -> None:
    """Nothing is lost or repeated; every part but the last ends with a line and is large enough."""
    ends = cut(content, LEAST_HERE, ONE_OF_HERE)
    parts = [content[start:end] for start, end in spans(ends)]
    assert b"".join(parts) == content
    assert all(parts)
    assert all(part.endswith(b"\n") and len(part) > LEAST_HERE for part in parts[:-1])


@given(CONTENTS, CONTENTS, CONTENTS, CONTENTS)
def test_cutting_again_is_cutting(head: bytes, old: bytes, new: bytes, tail: bytes) -> None:
    """Whatever was there before, the parts are those that the content alone has."""
    before, after = head + old + tail, head + new + tail
    ends = cut(before, LEAST_HERE, ONE_OF_HERE)
    first = shared_prefix(before, after)
    last = shared_suffix(before, after, min(len(before), len(after)) - first)
    again = recut(ends, after, first, last, LEAST_HERE, ONE_OF_HERE)
    assert again == cut(after, LEAST_HERE, ONE_OF_HERE)


@pytest.mark.parametrize("at", [0, 1, 777, 4_000, 7_999, 8_000])
@pytest.mark.parametrize("length", [0, 1, 1_000])
def test_a_change_leaves_other_parts_alone(at: int, length: int) -> None:
    """One line more, or many replaced by it, is cut as ever and shares nearly all parts."""
    lines = rows(8_000)
    before = parted(b"".join(lines))
    after = b"".join([*lines[:at], b"new@example.test:x:5000\n", *lines[at + length :]])
    found = parted(after, before)
    assert found == parted(after)
    assert len(before.ids) > 10
    if length < 2:
        assert len(set(found.ids) - set(before.ids)) <= 3


def test_the_same_content_is_not_looked_at() -> None:
    """What was cut once is handed on."""
    known = parted(b"".join(rows(3_000)))
    assert parted(known.content, known) is known


def test_a_folder_has_the_id_that_git_gives_it() -> None:
    """Also with more parts than four digits count, which git sorts as text."""
    ids = [blob_id(b"%d" % number) for number in range(10_002)]
    tree = encode_tree({part_name(number): TreeEntry(oid, 0o100644) for number, oid in enumerate(ids)})
    assert folder_id(ids) == object_id("tree", tree)


def test_lines_without_end_are_one_part() -> None:
    """There is nowhere to cut."""
    assert parted(b"x" * 5 * LEAST).sizes == (5 * LEAST,)
