"""The read model: filters, what is live, and how it is made again."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from controlplane.errors import NotFound, Unavailable
from controlplane.event_log import EventLog
from controlplane.events import (
    AccountRemoved,
    AliasAdded,
    Event,
    OverrideChanged,
    ReleaseApplied,
    ReleaseRejected,
    SettingChanged,
)
from controlplane.git import StateRepo
from controlplane.readmodel import query
from controlplane.readmodel.model import ReadModel
from controlplane.readmodel.query import Entry, Filters
from controlplane.readmodel.reader import reading
from controlplane.release import Basis, Releases
from tests.change_sets import BEGIN, account, change, fill, open_log


class Life:
    """A state repo with a little history, and its read model."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "readmodel.sqlite"
        self.repo = StateRepo.ensure(folder / "state.git")
        self.log: EventLog = open_log(folder, self.repo)
        self.releases = Releases(self.repo)
        self.model = ReadModel(self.path, self.log, self.releases, secret_settings={"LDAP_BIND_PW"})

    def append(
        self, *events: Event, actor: str = "Ada Admin", source: str = "push", reason: str = "why"
    ) -> int:
        """Append a change set; its position."""
        given = replace(
            change(self.log.tip().position + 1, *events, reason=reason), actor=actor, source=source
        )
        return self.log.append(given).position

    def release(self, content: bytes) -> int:
        """Make a release of the log as it is; its number."""
        tip = self.log.tip()
        basis = Basis(tip.position, tip.commit, tip.main_commit, "0.1.0")
        return self.releases.write({"mail": {"a": (content, 0o100644)}}, basis, tip.time).number

    def report(self, event: Event) -> int:
        """Append an outcome as the agent would; its position."""
        return self.append(event, actor="mail", source="agent", reason="")

    def catch_up(self) -> int:
        """Take in what is new."""
        return self.model.catch_up()

    def ask(self, filters: Filters) -> list[Entry]:
        """Events that the filters let through, as a command reads them."""
        with reading(self.path) as db:
            return query.find(db, filters)

    def positions(self, **filters: object) -> list[int]:
        """Positions of the events that filters let through."""
        return [entry.position for entry in self.ask(Filters(**filters))]  # type: ignore[arg-type]


@pytest.fixture
def life(tmp_path: Path) -> Life:
    """An empty history."""
    return Life(tmp_path)


@pytest.fixture
def busy(life: Life) -> Life:
    """Four change sets of different kinds, people and sources."""
    life.append(account("ann"), account("bob"), reason="Add Ann and Bob (ticket 4711)")
    life.append(
        AliasAdded(source="info@example.test", targets=("ann@example.test",)), actor="root", source="setup"
    )
    life.append(SettingChanged(name="SPOOF_PROTECTION", old=None, new="1"), reason="stop spoofing")
    life.append(
        AccountRemoved(address="bob@example.test"), actor="root", source="setup", reason="left the company"
    )
    life.catch_up()
    return life


def test_entries_say_who_what_when_and_why(busy: Life) -> None:
    """An entry carries its event and its change set."""
    entry = busy.ask(Filters(kinds=("alias.added",)))[0]
    stored = busy.log.read(2)
    assert (entry.position, entry.sequence, entry.commit) == (2, 0, stored.commit)
    assert (entry.time, entry.actor, entry.author, entry.source) == (
        stored.time,
        "root",
        "Grace Author",
        "setup",
    )
    assert (entry.subject, entry.effect, entry.text) == ("info@example.test", "add", "→ ann@example.test")
    assert entry.data["targets"] == ["ann@example.test"]
    assert entry.as_dict()["time"] == "2026-11-22T14:05:11.123Z"


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, [4, 3, 2, 1, 1]),
        ({"oldest_first": True, "limit": 3}, [1, 1, 2]),
        ({"kinds": ("account.removed",)}, [4]),
        ({"kinds": ("account",)}, [4, 1, 1]),
        ({"kinds": ("*.added", "setting")}, [3, 2, 1, 1]),
        ({"kinds": ("regexp",)}, []),
        ({"subject": "bob@example.test"}, [4, 1]),
        ({"subject": "bob@example.test", "kinds": ("account.added",)}, [1]),
        ({"actors": ("ada*",)}, [3, 1, 1]),
        ({"actors": ("root",), "kinds": ("account",)}, [4]),
        ({"actors": ("grace author",)}, [4, 3, 2, 1, 1]),
        ({"actors": ("root", "grace*"), "limit": 2}, [4, 3]),
        ({"actors": ("grace*",), "source": "setup"}, [4, 2]),
        ({"actors": ("grace*",), "kinds": ("alias",)}, [2]),
        ({"actors": ("grace*",), "text": "spoofing"}, [3]),
        ({"source": "setup"}, [4, 2]),
        ({"source": "agent"}, []),
        ({"since": BEGIN + timedelta(minutes=3)}, [4, 3]),
        ({"until": BEGIN + timedelta(minutes=2)}, [2, 1, 1]),
        ({"since": BEGIN + timedelta(days=1)}, []),
        ({"until": BEGIN}, []),
        ({"text": "ticket 4711"}, [1, 1]),
        ({"text": "COMPANY"}, [4]),
        ({"text": "compa*"}, [4]),
        ({"text": "ann@example.test"}, [2, 1]),
        ({"text": "example.test", "kinds": ("*.removed",), "actors": ("root",), "source": "setup"}, [4]),
        ({"text": "ticket", "subject": "bob@example.test"}, [1]),
        ({"text": '"' + " AND ( -"}, []),
        ({"text": "*"}, []),
    ],
)
def test_filters_let_the_right_events_through(
    busy: Life, filters: dict[str, object], expected: list[int]
) -> None:
    """Each filter alone and some together; newest first, in the order of the change set."""
    assert busy.positions(**filters) == expected


def test_positions_are_found_by_time(busy: Life) -> None:
    """The newest at a moment; none before the log began."""
    assert busy.model.behind() == 0
    assert busy.model.position_at(BEGIN + timedelta(minutes=2, seconds=1)) == 2
    with pytest.raises(NotFound):
        busy.model.position_at(BEGIN)


def test_a_change_is_live_since_the_first_release_that_serves_it(life: Life) -> None:
    """A rejected release serves nothing; the next that is applied brings all before it to life."""
    first = life.append(account("ann"))
    life.report(ReleaseApplied(node="mail", release=life.release(b"1"), seconds=0.3))
    second = life.append(account("bob"))
    number = life.release(b"2")
    life.report(ReleaseRejected(node="mail", release=number, seconds=0.3, reason="bad", serving=1))
    life.catch_up()
    assert [fate(life, position) for position in (first, second)] == [
        (1, "served", 2),
        (2, "rejected", None),
    ]
    third = life.append(account("eve"))
    life.report(ReleaseApplied(node="mail", release=life.release(b"3"), seconds=0.3))
    life.catch_up()
    assert [fate(life, position) for position in (second, third)] == [(2, "served", 6), (3, "served", 6)]
    assert life.ask(Filters(subject="bob@example.test"))[0].outcome_at == life.log.read(6).time
    report = life.ask(Filters(kinds=("release.applied",)))[0]
    assert (report.release, report.live_at) == (0, None)


def fate(life: Life, position: int) -> tuple[int, str, int | None]:
    """Release, outcome, and the position of the report at whose time it was live."""
    entry = next(e for e in life.ask(Filters()) if e.position == position)
    return entry.release, entry.outcome, life.model.position_at(entry.live_at) if entry.live_at else None


def test_secrets_are_not_stored(life: Life) -> None:
    """No password hash, no value of a secret setting, no content of a file gets into SQLite."""
    life.append(
        account("ann"),
        SettingChanged(name="LDAP_BIND_PW", old=None, new="hunter2"),
        OverrideChanged(path="x", content=b"hunter3"),
    )
    life.catch_up()
    shown: list[Entry] = life.ask(Filters(oldest_first=True))
    assert shown[1].text == "(secret)"
    assert shown[1].data["new"] == "(secret)"
    stored = b"".join(path.read_bytes() for path in life.path.parent.glob("readmodel.sqlite*"))
    for secret in (b"SHA512", b"hunter2", b"hunter3"):
        assert secret not in stored


def test_only_what_is_new_is_taken_in(life: Life) -> None:
    """The first run builds, the next ones add."""
    fill(life.log, 3)
    assert life.catch_up() == 3
    assert life.catch_up() == 0
    fill(life.log, 2)
    assert life.catch_up() == 2
    assert life.positions() == [5, 4, 3, 2, 1]


def spoil_text(path: Path) -> None:
    """Replace it by a file of another kind."""
    path.write_bytes(b"no database" * 1000)


def spoil_pages(path: Path) -> None:
    """Overwrite pages of the database."""
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))


def spoil_index(path: Path, name: str) -> None:
    """Overwrite the first page of an index: the file opens, and questions by that index fail."""
    with closing(sqlite3.connect(path)) as db:
        size = db.execute("PRAGMA page_size").fetchone()[0]
        (number,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchone()
    content = path.read_bytes()
    path.write_bytes(content[: size * (number - 1)] + b"\xff" * size + content[size * number :])


def spoil_schema(path: Path) -> None:
    """Leave the tables of an older program."""
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM _sqlite_migrations WHERE name = '0005_indexes'")
    connection.commit()
    connection.close()


def spoil_progress(path: Path) -> None:
    """Leave the rows of another log."""
    connection = sqlite3.connect(path)
    connection.execute("UPDATE progress SET commit_id = 'f'")
    connection.commit()
    connection.close()


@pytest.mark.parametrize("spoil", [spoil_text, spoil_pages, spoil_schema, spoil_progress, Path.unlink])
def test_what_does_not_fit_is_made_again(life: Life, spoil: object) -> None:
    """Damaged, older, of another log or gone: the next run rebuilds from the log."""
    fill(life.log, 3)
    life.catch_up()
    assert callable(spoil)
    spoil(life.path)
    life.catch_up()
    assert life.positions() == [3, 2, 1]
    assert life.positions(text="user2") == [2]


def test_damage_is_told_and_healed(life: Life) -> None:
    """A question to a file that went bad fails as such; the next catch-up makes it again."""
    fill(life.log, 400)
    life.catch_up()
    spoil_pages(life.path)
    with pytest.raises(sqlite3.DatabaseError):
        life.positions(limit=1000)
    assert life.catch_up() == 400
    assert len(life.positions(limit=1000)) == 400


def test_the_daemons_own_question_to_a_damaged_file_is_answered(life: Life) -> None:
    """It is made again within the question."""
    fill(life.log, 400)
    life.catch_up()
    spoil_index(life.path, "change_sets_by_time")
    assert life.model.position_at(BEGIN + timedelta(minutes=200)) == 200


def test_another_process_makes_the_file(life: Life) -> None:
    """Where the model is told of one it makes none itself, not even of a damaged file."""
    made = []

    def apart() -> None:
        made.append(ReadModel(life.path, life.log, life.releases).catch_up())

    fill(life.log, 3)
    model = ReadModel(life.path, life.log, life.releases, apart=apart)
    assert model.catch_up() == 0
    fill(life.log, 2)
    assert model.catch_up() == 2
    assert made == [3]
    spoil_pages(life.path)
    assert model.catch_up() == 0
    model.make_again()
    assert made == [3, 5, 5]
    assert life.positions() == [5, 4, 3, 2, 1]


def test_what_no_process_could_make_is_told(life: Life) -> None:
    """A file that is not there afterwards is an expected error."""
    with pytest.raises(Unavailable):
        ReadModel(life.path, life.log, life.releases, apart=lambda: None).catch_up()


def test_a_folder_in_its_place_goes(life: Life) -> None:
    """The folder is derived: nothing in it needs to be kept."""
    fill(life.log, 3)
    life.path.mkdir()
    life.catch_up()
    assert life.positions() == [3, 2, 1]


@pytest.mark.parametrize("gone", ["file", "folder", "tables"])
def test_a_reader_finds_no_file_of_its_own(busy: Life, gone: str) -> None:
    """Where nothing can be read, or what another version wrote, that is told."""
    if gone == "tables":
        spoil_schema(busy.path)
    path = busy.path.parent / {"file": "none", "folder": "none/none", "tables": busy.path.name}[gone]
    with pytest.raises(Unavailable), reading(path):
        pass


def test_a_reader_cannot_write(busy: Life) -> None:
    """The file is opened for reading alone."""
    with reading(busy.path) as db, pytest.raises(sqlite3.OperationalError, match="readonly"):
        db.execute("DELETE FROM events")


def test_a_question_needs_no_room(busy: Life) -> None:
    """Neither it nor a catch-up without news makes a file: on a full disk questions are answered."""
    busy.catch_up()
    assert len(busy.positions()) == 5
    names = {path.name for path in busy.path.parent.glob("readmodel.sqlite*")}
    assert names == {"readmodel.sqlite", "readmodel.sqlite.lock"}
    fill(busy.log, 1)
    busy.catch_up()
    assert not busy.path.with_name("readmodel.sqlite-journal").stat().st_size


def test_a_file_of_an_earlier_version_is_extended(busy: Life) -> None:
    """Those were written ahead (WAL)."""
    with closing(sqlite3.connect(busy.path)) as db:
        assert db.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
        db.execute("UPDATE progress SET one = 1")
        db.commit()
    fill(busy.log, 1)
    assert busy.catch_up() == 1
    assert len(busy.positions()) == 6


def test_nobody_replaces_a_file_that_is_read(busy: Life) -> None:
    """A writer waits until the reader is done."""
    with reading(busy.path) as db:
        writer = threading.Thread(target=busy.model.make_again)
        writer.start()
        assert len(query.find(db, Filters())) == 5
        assert writer.is_alive()
    writer.join(10)
    assert len(busy.positions()) == 5


def test_a_folder_that_cannot_be_written_is_told(life: Life, tmp_path: Path) -> None:
    """A full disk or a missing folder is an expected error, and the log is untouched."""
    fill(life.log, 1)
    with pytest.raises(Unavailable):
        ReadModel(tmp_path / "none/readmodel.sqlite", life.log, life.releases).catch_up()
    assert life.catch_up() == 1
