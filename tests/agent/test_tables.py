"""Tables while a release is tried: seen when they change, and never missing for who has them open."""

from __future__ import annotations

import os
from collections.abc import Iterable

import pytest

from agent.apply.attempt import Attempt
from agent.apply.steps import RESTORE_STEPS, STEPS, probe
from agent.errors import Failed
from agent.files import staging
from tests.agent.conftest import World, sample

MAIN, VIRTUAL = "etc/postfix/main.cf", "etc/postfix/virtual"
TABLE = {"service": "postfix", "action": "reload", "mode": "0644", "owner": "root:root"}


def test_no_link_keeps_an_old_table(served: World) -> None:
    """Postfix sees that a table was replaced when nothing links to the one that it has open."""
    open_before = (served.root / (VIRTUAL + ".lmdb")).open("rb")
    links: list[int] = []

    def look(attempt: Attempt) -> None:
        links.append(os.fstat(open_before.fileno()).st_nlink)
        probe(attempt)

    served.engine.steps = tuple(look if step is probe else step for step in STEPS)
    assert served.apply(main="new\n", virtual="new\n", userdb="new\n")["outcome"] == "applied"
    assert links == [0]
    open_before.close()


def test_a_table_that_goes_back_replaces_the_one_that_failed(served: World) -> None:
    """Processes that opened the new one see that it is gone, too, and its times are those of before."""
    table, opened = served.root / (VIRTUAL + ".lmdb"), []
    before = table.stat()

    def look(attempt: Attempt) -> None:
        opened.append(table.open("rb"))
        raise Failed("postfix", "does not answer")

    served.engine.steps = tuple(look if step is probe else step for step in STEPS)
    assert served.apply(main="new\n", virtual="new\n")["outcome"] == "rolled_back"
    for file in opened:
        assert os.fstat(file.fileno()).st_nlink == 0
        file.close()
    after = table.stat()
    assert (after.st_mode, after.st_mtime_ns, after.st_size) == (
        before.st_mode,
        before.st_mtime_ns,
        before.st_size,
    )
    assert served.text(VIRTUAL + ".lmdb") == "map of virtual 1\n"
    assert served.rubbish() == []


def test_a_table_goes_when_nothing_names_it(served: World) -> None:
    """Processes that run with the former configuration find it until they are told."""
    there: list[bool] = []

    def look(attempt: Attempt) -> None:
        there.append((served.root / (VIRTUAL + ".lmdb")).exists())
        probe(attempt)

    served.engine.steps = tuple(look if step is probe else step for step in STEPS)
    files = {path: text for path, text in sample(main="new\n").items() if path != VIRTUAL}
    assert served.engine.apply(served.repository.release(files))["outcome"] == "applied"
    assert there == [True]
    assert not (served.root / (VIRTUAL + ".lmdb")).exists()
    assert not (served.root / VIRTUAL).exists()


def test_a_new_table_goes_when_its_release_was_taken_back(served: World) -> None:
    """Not before services are told: until then their processes open it."""
    there: list[bool] = []
    new = "etc/postfix/aliases"

    def look(attempt: Attempt) -> None:
        if "failing" in served.text(MAIN):
            raise Failed("postfix", "does not answer")
        there.append((served.root / (new + ".lmdb")).exists())

    served.engine.steps = tuple(look if step is probe else step for step in STEPS)
    served.engine.restore_steps = tuple(look if step is probe else step for step in RESTORE_STEPS)
    files = sample(main="failing\n") | {new: "x\n"}
    rows = {path: {**TABLE, "compile": "postmap" if path in (VIRTUAL, new) else ""} for path in files}
    assert served.engine.apply(served.repository.release(files, files=rows))["outcome"] == "rolled_back"
    assert there[0] is True
    assert not (served.root / (new + ".lmdb")).exists()
    assert not (served.root / new).exists()
    assert served.rubbish() == []


def test_tables_are_there_before_what_names_them(served: World) -> None:
    """A process that starts between two renames finds each table that its main.cf names."""
    there: list[bool] = []
    real = staging.install

    def install(rows: Iterable[staging.Placement]) -> None:
        for row in rows:
            if row.target.endswith("main.cf"):
                there.append((served.root / (VIRTUAL + ".lmdb")).read_bytes() == b"map of new\n")
            real([row])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(staging, "install", install)
        served.apply(main="new\n", virtual="new\n")
    assert there == [True]
