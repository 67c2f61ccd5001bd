"""Who changed what, when and why; and how things were."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.server import Clone, Server

VIRTUAL = "config/postfix-virtual.cf"
USER, ALIAS, PUSHED = "audit@example.test", "audited@example.test", "pushed@example.test"


def stamp(moment: datetime) -> str:
    """A time as people and programs write it."""
    return moment.isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class Story:
    """What happened: positions before and after the alias came, and the times around."""

    begun: datetime
    before: int
    after: int
    between: datetime
    ended: datetime


@pytest.fixture(scope="module")
def story(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """An account by command, an alias by command and away again, another by push."""
    begun = datetime.now(UTC) - timedelta(milliseconds=1)
    server.add_account(USER)
    before = server.status()["position"]
    server.must("setup", "alias", "add", ALIAS, USER)
    after = server.status()["position"]
    between = datetime.now(UTC)
    server.must("setup", "alias", "del", ALIAS, USER)
    clone: Clone = server.clone(tmp_path_factory.mktemp("audit") / "clone")
    clone.write(VIRTUAL, f"{PUSHED} {USER}\n", append=True)
    clone.commit("Add an alias for the audit (ticket 4713)")
    push = clone.push()
    assert push.accepted, push.said
    server.must("mailctl", "reconcile", "--wait")
    return Story(begun, before, after, between, datetime.now(UTC))


@pytest.mark.parametrize(
    ("filters", "kinds"),
    [
        (("--kind", "alias.removed"), {"alias.removed"}),
        (("--subject", ALIAS), {"alias.added", "alias.removed"}),
        (("--actor", "root", "--subject", ALIAS), {"alias.added", "alias.removed"}),
        (("--actor", "nobody-of-this-name"), set()),
        (("--source", "push", "--subject", PUSHED), {"alias.added"}),
        (("--text", "ticket 4713"), {"alias.added"}),
        (("--text", ALIAS), {"alias.added", "alias.removed"}),
        (("--since", "2099-01-01"), set()),
        (("--until", "2001-01-01"), set()),
    ],
)
def test_the_log_is_filtered(server: Server, story: Story, filters: tuple[str, ...], kinds: set[str]) -> None:
    """Each filter keeps what it names, and they can be combined."""
    since = () if "--since" in filters else ("--since", stamp(story.begun))
    assert {entry["kind"] for entry in server.log(*since, *filters)} == kinds


def test_the_log_is_cut_by_time(server: Server, story: Story) -> None:
    """Since and until divide what came before a moment from what came after it."""
    moment = stamp(story.between)
    assert [e["kind"] for e in server.log("--subject", ALIAS, "--until", moment)][-1:] == ["alias.added"]
    assert [e["kind"] for e in server.log("--subject", ALIAS, "--since", moment)] == ["alias.removed"]


def test_a_push_is_told_with_everything(server: Server, story: Story) -> None:
    """Actor, author, message, time, and since when it serves."""
    entry = server.log("--subject", PUSHED)[-1]
    assert entry["source"] == "push"
    assert entry["author"] == "Ada Admin"
    assert entry["reason"].startswith("Add an alias for the audit (ticket 4713)")
    assert USER in entry["detail"]
    assert datetime.fromisoformat(entry["live"]) >= datetime.fromisoformat(entry["time"])
    text = server.must("mailctl", "log", "--subject", PUSHED)
    assert "alias.added" in text
    assert '"Add an alias for the audit (ticket 4713)"' in text
    assert "live" in text


def test_a_history_is_of_one_subject(server: Server, story: Story) -> None:
    """Everything that happened to an address, oldest first; an account's has no password in it."""
    lines = server.must("mailctl", "history", ALIAS).splitlines()
    assert [line.split()[3] for line in lines if "alias." in line][-2:] == ["alias.added", "alias.removed"]
    rows = [json.loads(line) for line in server.must("mailctl", "history", ALIAS, "--json").splitlines()]
    assert [row["kind"] for row in rows][-2:] == ["alias.added", "alias.removed"]
    assert {row["subject"] for row in rows} == {ALIAS}
    account = server.must("mailctl", "history", USER, "--json")
    assert "account.added" in account
    assert "{SHA512-CRYPT}" not in account


@pytest.mark.parametrize("at", ["position", "commit", "time"])
def test_the_past_is_shown(server: Server, story: Story, at: str) -> None:
    """By position, commit and time: aliases and accounts as they were then."""
    commit = server.must(
        "git", "--git-dir=/var/mail-state/state.git", "log", "-1", "--format=%H",
        f"--grep=^Position: {story.after}$", "events",
    ).strip()  # fmt: skip
    revision = {"position": str(story.after), "commit": commit, "time": stamp(story.between)}[at]
    shown = json.loads(server.must("mailctl", "show", "--at", revision, "--json"))
    assert shown["position"] == story.after
    assert USER in shown["accounts"]
    assert {"alias": ALIAS, "targets": [USER]} in shown["aliases"]
    assert shown["settings"]["ENABLE_RSPAMD"]
    earlier = server.must("mailctl", "show", "aliases", "--at", str(story.before))
    assert ALIAS not in earlier
    assert ALIAS not in server.must("mailctl", "show", "aliases")
    assert PUSHED in server.must("mailctl", "show", "aliases")


def test_two_revisions_are_compared(server: Server, story: Story) -> None:
    """diff shows the events and rendered lines between two positions; --exit-code sets the status."""
    revisions = (str(story.before), str(story.after))
    text = server.must("mailctl", "diff", *revisions)
    assert "alias.added" in text
    assert f"+{ALIAS}" in text
    assert server.run("mailctl", "diff", *revisions, "--exit-code").returncode == 4
    assert server.run("mailctl", "diff", revisions[0], revisions[0], "--exit-code").returncode == 0
    found = json.loads(server.must("mailctl", "diff", *revisions, "--json"))
    assert found["events"][0]["kind"] == "alias.added"


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("show",),
        ("show", "settings"),
        ("plan", "main"),
        ("diff", "1", "2"),
        ("validate", "main"),
        ("verify",),
        ("reconcile",),
        ("explain", "ENABLE_RSPAMD"),
        ("log",),
        ("history", USER),
    ],
)
def test_reports_are_json(server: Server, story: Story, command: tuple[str, ...]) -> None:
    """Everything that reports does so for programs; log and history a line an event."""
    said = server.must("mailctl", *command, "--json")
    texts = said.splitlines() if command[0] in ("log", "history") else [said]
    assert texts
    assert all(isinstance(json.loads(text), dict) for text in texts)


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (("show", "--at", "999999"), 1),
        (("show", "--at", "1999-01-01"), 1),
        (("show", "--at", "no-such-branch"), 1),
        (("diff", "1", "999999"), 1),
        (("explain", "NO_SUCH_SETTING"), 1),
        (("log", "--since", "yesterday-ish"), 2),
        (("log", "--limit", "none"), 2),
        (("show", "nonsense"), 2),
        (("nonsense",), 2),
    ],
)
def test_exit_codes_tell_mistakes_apart(server: Server, command: tuple[str, ...], status: int) -> None:
    """1: not found or refused; 2: wrong usage. Either says why, on stderr alone."""
    done = server.run("mailctl", *command)
    assert done.returncode == status, done.stderr
    assert done.stderr.strip()
    assert not done.stdout
    assert "Traceback" not in done.stderr
