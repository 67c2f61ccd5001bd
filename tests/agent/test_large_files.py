"""Large files come in parts: what is live is always what the release says, however it came to be there."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.apply import writing
from agent.apply.steps import STEPS
from agent.files.assembling import Run, differing_runs
from agent.files.managed import ManagedFiles
from agent.release.git_objects import ObjectReader
from services.dovecot.announced_files import FRESH
from tests.agent.conftest import World, entry, restart_agent, sample
from tests.agent.test_recovery import kill_at

USERDB, VIRTUAL = "etc/dovecot/userdb", "etc/postfix/virtual"


def part(number: int, rows: int = 5, note: str = "") -> str:
    """Some lines of a passwd-file."""
    names = (f"u{number}.{row}{note}@example.test" for row in range(rows))
    return "".join(f"{name}:{{PLAIN}}x:5000:5000::/var/mail/example.test/u/home::\n" for name in names)


PARTS = [part(number) for number in range(20)]


class Reads:
    """Which objects of the state repository were read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.blobs: list[bytes] = []
        real = ObjectReader.blob

        def blob(reader: ObjectReader, name: str) -> bytes:
            content = real(reader, name)
            self.blobs.append(content)
            return content

        monkeypatch.setattr(ObjectReader, "blob", blob)

    @property
    def parts(self) -> list[str]:
        """Those that are parts of the sample file."""
        return [content.decode() for content in self.blobs if content.startswith(b"u")]


@pytest.fixture
def served(world: World) -> World:
    """A node that serves a large file."""
    assert world.apply(userdb=PARTS)["outcome"] == "applied"
    assert world.text(USERDB) == "".join(PARTS)
    return world


@pytest.fixture
def reads(served: World, monkeypatch: pytest.MonkeyPatch) -> Reads:
    """What is read from here on."""
    return Reads(monkeypatch)


CHANGES: dict[str, Callable[[list[str]], object]] = {
    "one line": lambda parts: parts.__setitem__(7, part(7, 6)),
    "the first part": lambda parts: parts.__setitem__(0, part(0, 4)),
    "the last part": lambda parts: parts.__setitem__(-1, part(19, 6)),
    "one part more": lambda parts: parts.insert(3, part(99)),
    "one more at the end": lambda parts: parts.append(part(99)),
    "one part less": lambda parts: parts.pop(4),
    "two places": lambda parts: (parts.pop(15), parts.__setitem__(2, part(2, 9))),
    "another order": lambda parts: parts.insert(0, parts.pop(11)),
    "a part twice": lambda parts: parts.insert(5, parts[3]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_only_new_parts_are_read(served: World, reads: Reads, change: Callable[[list[str]], object]) -> None:
    """The rest comes from the live file, and nobody reads it again to know that it is right."""
    new = list(PARTS)
    change(new)
    assert served.apply(userdb=new)["outcome"] == "applied"
    assert served.text(USERDB) == "".join(new)
    assert len(reads.parts) <= 4
    served.engine.look_at_written()
    assert served.node.drifted(served.node.release) == []
    row = served.node.release.files[USERDB]
    assert ManagedFiles(served.root).matches(row, served.node.wanted(row))


def test_most_of_it_new_is_read_as_a_whole(served: World, reads: Reads) -> None:
    """There is nothing to gain from what is live."""
    new = [part(number, note="n") for number in range(18)] + PARTS[18:]
    served.apply(userdb=new)
    assert (served.text(USERDB), reads.parts) == ("".join(new), new)


@pytest.mark.parametrize("damage", ["edited", "shorter", "gone", "of the same size"])
def test_a_file_that_drifted_is_read_as_a_whole(served: World, reads: Reads, damage: str) -> None:
    """Whatever somebody made of it."""
    live = served.root / USERDB
    if damage == "gone":
        live.unlink()
    else:
        text = {"edited": "by hand\n", "shorter": live.read_text()[:50]}
        live.write_text(text.get(damage, live.read_text().replace("u7.", "u8.")))
    new = [*PARTS[:7], part(7, 6), *PARTS[8:]]
    assert served.apply(userdb=new)["outcome"] == "applied"
    assert (served.text(USERDB), reads.parts) == ("".join(new), new)


def test_a_file_that_changes_meanwhile_is_read_as_a_whole(
    served: World, reads: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was copied may be of either state."""
    real = writing.Assembly.write

    def write(assembly: writing.Assembly, handle: int) -> None:
        with (served.root / USERDB).open("ab") as file:
            file.write(b"x")
        real(assembly, handle)

    monkeypatch.setattr(writing.Assembly, "write", write)
    new = [*PARTS[:7], part(7, 6), *PARTS[8:]]
    served.apply(userdb=new)
    assert served.text(USERDB) == "".join(new)
    assert set(reads.parts) == set(new)


def test_releases_with_and_without_parts_follow_each_other(served: World) -> None:
    """As those of an older version of the control plane, or of a smaller server."""
    for content in ("".join(PARTS), "small\n", [*PARTS, part(30)], PARTS):
        assert served.apply(userdb=content)["outcome"] == "applied"
        assert served.text(USERDB) == "".join(content)


def test_a_roll_back_brings_the_file_back(served: World) -> None:
    """The old one is in its place again; what did not fail is put together from it once more."""
    served.broken.add("broken")
    seen: list[str] = []
    served.engine.restore_steps = (lambda _: seen.append(served.text(USERDB)), *served.engine.restore_steps)
    new = [*PARTS[:7], part(7, 6), *PARTS[8:]]
    outcome = served.apply(main="broken\n", userdb=new)
    assert [each["outcome"] for each in outcome["earlier"]] == ["rolled_back"]
    assert seen == ["".join(PARTS)]
    assert served.text(USERDB) == "".join(new)
    assert served.node.drifted(served.node.release) == []


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["stage", "install", "act", "commit"])
def test_a_kill_leaves_one_of_both(served: World, step: str, when: str) -> None:
    """The next start finds the file whole, from before or of the release."""
    assert step in [each.__name__ for each in STEPS]
    new = [*PARTS[:7], part(7, 6), *PARTS[8:]]
    kill_at(served, step, when, served.repository.release(sample(main="new\n", userdb=new)))
    after = restart_agent(served)
    assert after.text(USERDB) == "".join(new if (step, when) == ("commit", "after") else PARTS)
    assert after.node.drifted(after.node.release) == []


def test_a_damaged_part_keeps_the_release_away(served: World) -> None:
    """It is named, and what serves goes on."""
    new = [*PARTS[:7], part(7, 6), *PARTS[8:]]
    request = served.repository.release(sample(userdb=new))
    with served.node.open() as objects:
        names = {path: oid for path, _, oid in objects.walk(f"{request.commit}:mail")}
    blob = names[f"{USERDB}/0007"]
    loose = served.repository.folder / "objects" / blob[:2] / blob[2:]
    loose.chmod(0o600)
    loose.write_bytes(b"damaged")
    outcome = served.engine.apply(request)
    assert outcome["outcome"] == "rejected"
    assert blob in outcome["reason"]
    assert served.text(USERDB) == "".join(PARTS)


@pytest.mark.parametrize("sizes", [[1, 2], [0], [-5], ["x"], [1] * 30])
def test_sizes_that_do_not_fit_are_refused(served: World, sizes: Sequence[Any]) -> None:
    """A manifest that says something else than its folder."""
    request = served.repository.release(sample(userdb=PARTS[:2]), files=_rows(sizes))
    assert served.engine.apply(request)["outcome"] == "rejected"
    assert served.text(USERDB) == "".join(PARTS)


def _rows(sizes: Sequence[Any]) -> dict[str, Any]:
    """The rows of the sample files, with these sizes of parts."""
    return {path: entry(path) for path in sample()} | {USERDB: entry(USERDB) | {"parts": list(sizes)}}


def test_the_agents_own_copy_has_parts(served: World) -> None:
    """It serves without the state repository, and a change costs its parts."""
    _keep(served)
    new = [*PARTS[:7], part(7, 6), *PARTS[8:]]
    served.apply(userdb=new)
    assert _keep(served) <= 3
    shutil.rmtree(served.repository.folder)
    (served.root / USERDB).unlink()
    after = restart_agent(served)
    assert after.text(USERDB) == "".join(new)


def _keep(world: World) -> int:
    """Copy what serves; returns how many files that took."""
    release, applied = world.node.release, world.node.applied
    blobs = {name: oid for entry in release.files.values() for name, oid in entry.blobs.items()}
    with world.node.open() as objects:
        return world.node.kept.keep(applied, release.manifest, blobs, objects.blob)


def test_new_accounts_are_found_in_new_parts(served: World, reads: Reads) -> None:
    """They are announced, and nothing else is."""
    new = [*PARTS[:7], part(7) + part(70, 1), *PARTS[8:]]
    served.apply(userdb=new)
    assert [path.name for path in (served.root / FRESH).iterdir()] == ["u70.0@example.test"]
    assert reads.parts == [new[7]]


@given(st.lists(st.sampled_from("abcdef"), max_size=8), st.lists(st.sampled_from("abcdef"), max_size=8))
def test_runs_lead_from_one_sequence_to_the_other(old: list[str], new: list[str]) -> None:
    """What is between them is the same in both."""
    made: list[str] = []
    done = 0
    for run in differing_runs(old, new):
        made += old[done : run.old[0]] + new[slice(*run.new)]
        done = run.old[1]
    assert made + old[done:] == new


def test_runs_are_where_something_differs() -> None:
    """A part that moved is new where it came to."""
    assert list(differing_runs("abcd", "abcd")) == []
    assert list(differing_runs("abcd", "axcdy")) == [Run((1, 2), (1, 2)), Run((4, 4), (4, 5))]
    assert list(differing_runs("abcd", "cabd")) == [Run((0, 2), (0, 0)), Run((3, 3), (1, 3))]
