"""The read model: filters, what is live, and how it is made again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
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
from controlplane.readmodel import Entry, Filters, ReadModel
from controlplane.release import Basis, Releases
from tests.change_sets import BEGIN, account, change, fill, open_log


class Life:
    """A state repo with a little history, and its read model."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "readmodel.sqlite"
        self.repo = StateRepo.ensure(folder / "state.git")
        self.log: EventLog = open_log(folder, self.repo)
        self.releases = Releases(self.repo)
        self.model = ReadModel(self.path, secret_settings={"LDAP_BIND_PW"})

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
        return self.model.catch_up(self.log, self.releases)

    def positions(self, **filters: object) -> list[int]:
        """Positions of the events that filters let through."""
        return [entry.position for entry in self.model.log(Filters(**filters))]  # type: ignore[arg-type]


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    """An empty history."""
    made = Life(tmp_path)
    yield made
    made.model.close()


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
    entry = busy.model.log(Filters(kinds=("alias.added",)))[0]
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


def test_a_history_is_told_from_its_beginning(busy: Life) -> None:
    """One subject, oldest first."""
    assert [e.kind for e in busy.model.history("bob@example.test")] == ["account.added", "account.removed"]
    assert [e.kind for e in busy.model.history("bob@example.test", limit=1)] == ["account.removed"]


def test_positions_are_found_by_time_and_commit(busy: Life) -> None:
    """A moment, and a commit of any of the three branches."""
    number = busy.release(b"1")
    busy.catch_up()
    assert busy.model.position() == 4
    assert busy.model.position_at(BEGIN + timedelta(minutes=2, seconds=1)) == 2
    assert busy.model.commit_at(3) == busy.log.commit_at(3)
    assert busy.model.position_of(busy.log.commit_at(3)) == 3
    assert busy.model.position_of(f"{2:040x}") == 2
    assert busy.model.position_of(busy.releases.by_number(number).commit) == 4
    for question in (lambda: busy.model.position_at(BEGIN), lambda: busy.model.position_of("f" * 40)):
        with pytest.raises(NotFound):
            question()


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
    assert [(o.outcome, o.reason) for o in life.model.outcomes(number)] == [("rejected", "bad")]
    report = life.model.log(Filters(kinds=("release.applied",)))[0]
    assert (report.release, report.live_at) == (0, None)


def fate(life: Life, position: int) -> tuple[int, str, int | None]:
    """Release, outcome, and the position of the report at whose time it was live."""
    entry = next(e for e in life.model.log(Filters()) if e.position == position)
    return entry.release, entry.outcome, life.model.position_at(entry.live_at) if entry.live_at else None


def test_secrets_are_not_stored(life: Life) -> None:
    """No password hash, no value of a secret setting, no content of a file gets into SQLite."""
    life.append(
        account("ann"),
        SettingChanged(name="LDAP_BIND_PW", old=None, new="hunter2"),
        OverrideChanged(path="x", content=b"hunter3"),
    )
    life.catch_up()
    shown: list[Entry] = life.model.log(Filters(oldest_first=True))
    assert shown[1].text == "(secret)"
    assert shown[1].data["new"] == "(secret)"
    life.model.close()
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
    life.model.close()
    assert callable(spoil)
    spoil(life.path)
    life.model = ReadModel(life.path)
    life.catch_up()
    assert life.positions() == [3, 2, 1]
    assert life.positions(text="user2") == [2]


def test_damage_while_open_is_told_and_healed(life: Life) -> None:
    """A question to a file that went bad is refused; the next catch_up makes it again."""
    fill(life.log, 400)
    life.catch_up()
    life.model.close()
    spoil_pages(life.path)
    life.model = ReadModel(life.path)
    with pytest.raises(Unavailable):
        life.positions(limit=1000)
    assert life.catch_up() == 400
    assert len(life.positions(limit=1000)) == 400


def test_the_first_question_to_a_damaged_file_is_answered(life: Life) -> None:
    """Where the log is known it is made again within the question."""
    fill(life.log, 400)
    life.catch_up()
    life.model.close()
    spoil_pages(life.path)
    life.model = ReadModel(life.path)
    life.catch_up()
    assert len(life.positions(limit=1000)) == 400


def test_a_folder_in_its_place_goes(life: Life) -> None:
    """The folder is derived: nothing in it needs to be kept."""
    fill(life.log, 3)
    life.path.mkdir()
    life.catch_up()
    assert life.positions() == [3, 2, 1]


def test_a_reader_without_the_right_to_write_asks_the_same(busy: Life) -> None:
    """Opened for reading alone it answers, and refuses to catch up."""
    reader = ReadModel(busy.path, read_only=True)
    assert len(reader.log(Filters())) == 5
    with pytest.raises(Unavailable):
        reader.catch_up(busy.log, busy.releases)
    reader.close()
    with pytest.raises(Unavailable):
        reader.log(Filters())


def test_a_folder_that_cannot_be_written_is_told(life: Life, tmp_path: Path) -> None:
    """A full disk or a missing folder is an expected error, and the log is untouched."""
    fill(life.log, 1)
    with pytest.raises(Unavailable):
        ReadModel(tmp_path / "none/readmodel.sqlite").catch_up(life.log, life.releases)
    assert life.catch_up() == 1
