"""Maps are compiled at the cost of what differs, and are those of their sources all the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.commands import Ran
from agent.files import maps
from agent.files.maps import LARGE, Maps, differing_rows
from agent.files.regions import regions_of
from agent.files.staging import product

PADDING = "".join(f"user{number}@example.test\tx\n" for number in range(LARGE // 20))


class Postmap:
    """postmap(1) with JSON instead of lmdb: the first row of a key counts, a second one is a warning."""

    def __init__(self) -> None:
        self.read: list[str] = []
        """How each map was made: whole, or by which option."""

    def __call__(self, words: Sequence[str], _deadline: float, given: bytes = b"") -> Ran:
        options = [word for word in words[3:] if not word.startswith("lmdb:")]
        output = ""
        for path in (Path(word.removeprefix("lmdb:")) for word in words if word.startswith("lmdb:")):
            target = Path(f"{path}.lmdb")
            rows = json.loads(target.read_bytes()) if options else {}
            lines = given.decode().splitlines() if options else path.read_text().splitlines()
            self.read.append(options[0] if options else "whole")
            for line in lines:
                key = line.split()[0]
                if options[:1] == ["-d"]:
                    del rows[key]
                elif key in rows:
                    output += f"postmap: warning: duplicate entry: {key}\n"
                else:
                    rows[key] = line.split()[1]
            target.write_text(json.dumps(rows))
        return Ran(0, output)


@pytest.fixture
def postmap(monkeypatch: pytest.MonkeyPatch) -> Postmap:
    """In the place of the real one."""
    found = Postmap()
    monkeypatch.setattr(maps, "run", found)
    return found


def install(of: Maps, folder: Path, text: str) -> dict[str, str]:
    """What the map has after an apply with this source."""
    live, aside = folder / "virtual", folder / ".mail-agent~virtual"
    aside.write_text(text)
    assert of.compile([aside], folder).code == 0
    product(aside, "postmap").replace(product(live, "postmap"))
    aside.replace(live)
    found: dict[str, str] = json.loads(product(live, "postmap").read_bytes())
    return found


def rows_of(text: str) -> dict[str, str]:
    return {line.split()[0]: line.split()[1] for line in reversed(text.splitlines())}


def test_a_row_is_added_changed_and_removed_in_a_copy(postmap: Postmap, tmp_path: Path) -> None:
    """Each change costs its own rows; the first map is compiled as a whole."""
    of = Maps()
    texts = [
        PADDING,
        f"{PADDING}z@y.test\tx\n",
        f"{PADDING}z@y.test\ty\n",
        PADDING,
        f"a@y.test\tx\n{PADDING}",
    ]
    for text in texts:
        assert install(of, tmp_path, text) == rows_of(text)
    assert postmap.read == ["whole", "-i", "-d", "-i", "-d", "-i"]


def test_what_is_not_as_it_was_made_is_compiled_as_a_whole(postmap: Postmap, tmp_path: Path) -> None:
    """After a start, and where somebody else wrote a map or its source."""
    of = Maps()
    install(of, tmp_path, PADDING)
    (tmp_path / "virtual.lmdb").write_text("{}")
    assert install(of, tmp_path, f"{PADDING}z@y.test\tx\n") == rows_of(f"{PADDING}z@y.test\tx\n")
    (tmp_path / "virtual").write_text(PADDING)
    install(of, tmp_path, f"{PADDING}z@y.test\ty\n")
    install(Maps(), tmp_path, PADDING)
    assert postmap.read == ["whole"] * 4


def test_a_key_that_is_there_twice_is_left_to_postmap(postmap: Postmap, tmp_path: Path) -> None:
    """It warns of the second one, and the first counts."""
    of = Maps()
    for text in (PADDING, f"{PADDING}user7@example.test\ty\n", f"{PADDING}user7@example.test\tz\n", PADDING):
        assert install(of, tmp_path, text) == rows_of(text)
    assert postmap.read == ["whole", "-i", "whole", "whole", "whole"]


def test_small_maps_are_compiled_as_a_whole(postmap: Postmap, tmp_path: Path) -> None:
    """A copy would save nothing."""
    of = Maps()
    install(of, tmp_path, "a\tx\n")
    install(of, tmp_path, "b\tx\n")
    assert postmap.read == ["whole", "whole"]


@pytest.mark.parametrize("line", ["# note", "  continued", "", "\tcontinued"])
@pytest.mark.parametrize("at", [0, 10, 10**9])
def test_what_is_more_than_rows_is_read_as_a_whole(line: str, at: int) -> None:
    """Comments, empty lines and continuations depend on what is around them."""
    rows = PADDING.splitlines()
    new = [*rows[:at], "new@y.test\tx", line, *rows[at:]]
    assert differing_rows(regions_of(PADDING.encode(), ("\n".join(new) + "\n").encode())) is None


def test_a_source_without_a_last_newline_is_read_as_a_whole() -> None:
    """Its last row may be another one's beginning."""
    assert differing_rows(regions_of(b"a\tx\n", b"a\tx\nb\ty")) is None
    assert differing_rows(regions_of(b"a\tx", b"a\txy")) is None


_tables = st.dictionaries(st.text("abc", min_size=1, max_size=3), st.text("xy", min_size=1, max_size=2))


@given(_tables, _tables, st.booleans())
def test_differing_rows_lead_from_one_source_to_the_other(
    old: dict[str, str], new: dict[str, str], ordered: bool
) -> None:
    """Whatever the order of their rows."""

    def text(rows: dict[str, str]) -> bytes:
        items = sorted(rows.items()) if ordered else rows.items()
        return "".join(f"{key}\t{value}\n" for key, value in items).encode()

    rows = differing_rows(regions_of(text(old), text(new)))
    assert rows is not None
    left = {key: value for key, value in old.items() if key.encode() not in rows.gone}
    come = dict(line.decode().split("\t") for line in rows.come)
    assert left.keys().isdisjoint(come)
    assert {**left, **come} == new
