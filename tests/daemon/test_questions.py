"""Questions to the log, as whoever asks answers them from what the daemon made."""

from __future__ import annotations

import base64

import pytest

from controlplane.errors import UsageError
from controlplane.intake import projected
from controlplane.log_questions import LogQuestions
from controlplane.state_volume import read_model
from tests.daemon.site import HASH, Site
from tests.readmodel.test_readmodel import spoil_index


@pytest.mark.parametrize(
    ("kind", "near"), [("acount.added", "account.added"), ("aliass", "alias"), ("zzz", ""), ("x.*", "")]
)
def test_a_kind_that_no_event_has_is_wrong_usage(site: Site, kind: str, near: str) -> None:
    """An empty answer would look as if nothing had happened; the nearest kind is named."""
    with pytest.raises(UsageError, match="is not a kind of event") as caught:
        site.ask("log", filters={"kind": kind})
    (problem,) = caught.value.problems
    assert ("did you mean" in problem.message) == bool(near)
    assert near in problem.message
    assert "account.added" in problem.cure


@pytest.mark.parametrize("kind", ["account.added", "Account", "*.removed", "alias.*"])
def test_a_kind_that_an_event_may_have_is_none(site: Site, kind: str) -> None:
    """Also where none of it happened yet."""
    site.ask("log", filters={"kind": kind})


def test_an_answer_holds_what_was_acknowledged_before(site: Site) -> None:
    """Each question brings the file up to date first."""
    for name in ("ann", "bob"):
        site.add(f"{name}@example.test")
        assert site.ask("history", subject=f"{name}@example.test")["entries"]
        assert site.ask("log", limit=20)["entries"][-1]["position"] == site.daemon.intake.position


def test_a_damaged_file_is_made_again_within_the_question(site: Site) -> None:
    """Whoever asks is answered all the same."""
    site.add("ann@example.test")
    before = site.ask("history", subject="ann@example.test")
    spoil_index(read_model(site.places.root / "control"), "events_by_subject")
    assert site.ask("history", subject="ann@example.test") == before


def test_the_newest_of_a_large_import_is_told_at_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before its thousands of events are taken in: the same answer as afterwards, and no file is made."""
    monkeypatch.setattr(projected, "SOON_BYTES", 50_000)
    accounts = "".join(f"user{n}@example.test|{HASH}\n" for n in range(2_500)).encode()
    files = {"postfix-accounts.cf": {"content": base64.b64encode(accounts).decode()}}
    site.ask("import", files=files)
    site.settle()
    said: list[str] = []

    def answers(limit: int, **filters: object) -> list[dict[str, object]]:
        asked = LogQuestions(site.places.root, lambda given: site.ask("project", **given), said.append)
        return asked.log(filters, limit)

    newest, some = answers(20), answers(30, kind="account", text="user24*")
    file = read_model(site.places.root / "control")
    assert not file.exists()
    assert newest[-1]["kind"] == "release.applied"
    assert {row["outcome"] for row in some} == {"served"}
    assert len(answers(2_400, kind="account.added")) == 2_400
    assert file.exists()
    assert (answers(20), answers(30, kind="account", text="user24*")) == (newest, some)


def test_the_file_is_made_by_another_process(site: Site) -> None:
    """As the daemon has it: that process ends, and so does what it took."""
    site.daemon.intake.stores.projected.apart = site.daemon.ahead.make
    site.add("ann@example.test")
    assert site.ask("log", limit=50)["entries"][-1]["position"] == site.daemon.intake.position
    site.add("bob@example.test")
    assert site.ask("history", subject="bob@example.test")["entries"]


def test_a_question_that_is_answered_from_the_end_has_the_rest_made(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However little the log has grown since: the next question finds the file."""
    site.daemon.intake.stores.projected.apart = site.daemon.ahead.make
    monkeypatch.setattr(projected, "SOON_BYTES", 0)
    site.add("ann@example.test")
    assert site.ask("log", limit=50)["entries"]
    with site.daemon.ahead.busy:
        assert read_model(site.places.root / "control").exists()
