"""Changes by command: edits, waiting, failures, rollback, many at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from controlplane.errors import NotFound, Refused, UsageError
from controlplane.git import prune_packed
from controlplane.git.large_blobs import LARGE
from tests.daemon.site import HASH, Site

ACCOUNTS = "config/postfix-accounts.cf"


def _show(site: Site, path: str) -> str:
    return site.git("show", f"main:{path}", cwd=site.repository).stdout


def test_an_account_is_added_to_the_text_and_applied(site: Site) -> None:
    """Comments stay, the answer comes when the release serves, the log names who did it."""
    clone = site.clone()
    clone.change(ACCOUNTS, "# people\n")
    change = site.add("user1@example.test")
    assert change["outcome"]["outcome"] == "applied"
    assert change["outcome"]["release"] == change["release"]
    assert _show(site, ACCOUNTS).endswith(f"# people\nuser1@example.test|{HASH}\n")
    assert HASH not in str(change)
    site.must_agree()


def test_a_wrong_command_is_refused(site: Site) -> None:
    """Nothing is recorded for a duplicate, for an unknown account or for an unknown edit."""
    site.add("user1@example.test")
    position = site.daemon.intake.stores.repo.refs.get("main")
    with pytest.raises(Refused):
        site.add("USER1@example.test")
    with pytest.raises(Refused):
        site.ask("edit", command="account.update", address="no@example.test", password_hash=HASH)
    with pytest.raises(UsageError):
        site.ask("edit", command="account.frobnicate")
    assert site.daemon.intake.stores.repo.refs.get("main") == position


def test_a_release_that_fails_is_told_with_its_reason(site: Site) -> None:
    """The command hears that the change was rolled back, the log keeps why, a later one succeeds."""
    assert site.agent is not None
    site.add("user1@example.test")
    site.agent.fail = lambda _: {"outcome": "rolled_back", "service": "postfix", "reason": "fatal: no"}
    change = site.add("user2@example.test")
    assert change["outcome"]["outcome"] == "rolled_back"
    node = site.daemon.intake.state.status
    assert "fatal: no" in node.failure
    failure = site.ask("status")["failure"]
    assert failure["change"].startswith("change set")
    assert failure["change"].endswith("by root")
    assert node.applied < node.attempted
    site.agent.fail = lambda _: None
    assert site.add("user3@example.test")["outcome"]["outcome"] == "applied"
    assert site.daemon.intake.state.status.failure == ""
    assert [e["kind"] for e in site.ask("log")["entries"]].count("release.rolled_back") == 1
    site.must_agree()


def test_deleting_an_account_deletes_its_quota(site: Site) -> None:
    """A new account of that name must not inherit it."""
    site.add("user1@example.test")
    site.clone().change("config/dovecot-quotas.cf", "user1@example.test:12M\nother@example.test:1G\n")
    site.ask("edit", command="account.remove", addresses=["user1@example.test"])
    assert _show(site, "config/dovecot-quotas.cf") == "other@example.test:1G\n"
    assert not site.daemon.intake.state.desired.accounts


def test_aliases_come_and_go(site: Site) -> None:
    """A second target joins the first; the last one takes the alias along."""
    site.ask("edit", command="alias.add", alias="info@example.test", target="a@example.test,b@example.test")
    assert site.ask("aliases")["aliases"] == [
        {"alias": "info@example.test", "targets": ["a@example.test", "b@example.test"]}
    ]
    site.ask("edit", command="alias.remove", alias="info@example.test", target="a@example.test")
    site.ask("edit", command="alias.remove", alias="info@example.test", target="b@example.test")
    for alias, target in (("info@example.test", "b@example.test"), ("other@example.test", "")):
        change = site.ask("edit", command="alias.remove", alias=alias, target=target)
        assert not change["position"], "there is nothing to delete"
    assert site.ask("aliases")["aliases"] == []
    site.must_agree()


def test_a_rollback_restores_accounts_settings_and_files(site: Site) -> None:
    """The state of an earlier position is there again, as new events; positions and commits both name it."""
    site.add("user1@example.test")
    then = site.daemon.intake.state.desired
    position, main = site.daemon.intake.position, site.daemon.intake.main
    site.add("user2@example.test")
    clone = site.clone()
    clone.append("config/dovecot.cf", "mail_max_userip_connections = 5\n")
    clone.change("mailserver.env", "SPOOF_PROTECTION=1\n")
    change = site.ask("rollback", target=str(position), reason="too much")
    assert site.daemon.intake.state.desired == then
    assert change["position"] > position
    site.must_agree()
    site.add("user3@example.test")
    site.ask("rollback", target=main, reason="")
    assert site.daemon.intake.state.desired == then
    with pytest.raises(NotFound):
        site.ask("rollback", target="9999")


def test_show_at_a_position_and_at_a_time(site: Site) -> None:
    """The past answers as it was."""
    site.add("user1@example.test")
    position = site.daemon.intake.position
    time = site.ask("show")["time"]
    site.add("user2@example.test")
    assert site.ask("show", at=str(position))["accounts"] == ["user1@example.test"]
    assert site.ask("show", at=time)["accounts"] == ["user1@example.test"]
    assert site.ask("show")["accounts"] == ["user1@example.test", "user2@example.test"]
    difference = site.ask("diff", a=str(position), b="")
    assert difference["different"]
    assert any("user2@example.test" in line for line in difference["text"])


def test_many_writers_at_once_lose_nothing(site: Site) -> None:
    """Forty commands and five pushes at once: each acknowledged change is there, in one line of history."""
    names = [f"user{number}@example.test" for number in range(40)]
    clones = [site.clone(f"clone{number}") for number in range(5)]

    def push(number: int) -> str:
        line = f"alias{number}@example.test user1@example.test\n"
        clone = clones[number]
        clone.append(f"config/note{number}.txt", line)
        clone.commit()
        for _ in range(200):
            if clone.push().returncode == 0:
                return f"note{number}.txt"
            clone.git("pull", "-q", "--rebase", "origin", "main")
        raise AssertionError("the push never got through")

    with ThreadPoolExecutor(12) as pool:
        added = [pool.submit(site.add, name) for name in names]
        pushed = [pool.submit(push, number) for number in range(5)]
        assert all(each.result()["position"] for each in added)
        notes = [each.result() for each in pushed]
    desired = site.daemon.intake.state.desired
    assert set(names) == set(desired.accounts)
    assert set(notes) <= set(desired.overrides)
    site.must_agree()


def test_suspend_holds_releases_back(site: Site) -> None:
    """A change says that it waits; resume is recorded too."""
    assert site.agent is not None
    site.ask("suspend", reason="maintenance")
    site.agent.fail = lambda _: {"outcome": "suspended"}
    assert site.add("user1@example.test")["outcome"]["outcome"] == "suspended"
    site.agent.fail = lambda _: None
    site.ask("resume")
    release = site.daemon.intake.release_number
    outcome = site.daemon.delivery.wait_for(release, 10)
    assert outcome is not None
    assert outcome["outcome"] == "applied"
    kinds = [entry["kind"] for entry in site.ask("log")["entries"]]
    assert "apply.suspended" in kinds
    assert "apply.resumed" in kinds


def test_plan_and_validate_answer_without_changing(site: Site) -> None:
    """A branch is planned against the state; what a push would be refused for is listed."""
    clone = site.clone()
    clone.append("config/postfix-virtual.cf", "info@example.test user1@example.test\n")
    clone.commit()
    clone.push("origin", "HEAD:refs/heads/more")
    found = site.ask("plan", target="more")
    assert found["different"]
    assert "Plan: 1 to add, 0 to change, 0 to remove." in found["text"]
    assert not site.ask("plan", target="main")["different"]
    assert site.ask("validate", revision="more")["problems"] == []
    assert site.ask("explain", name="enable_rspamd")["source"] in ("main", "default")


def test_a_rollback_puts_a_file_where_a_folder_came(site: Site) -> None:
    """Also a folder where a file now is: the old tree comes back whole."""
    clone = site.clone()
    assert clone.change("config/thing", "a file\n").returncode == 0
    file, tree = site.daemon.intake.main, clone.git("rev-parse", "HEAD^{tree}").stdout
    clone.git("rm", "-q", "config/thing")
    assert clone.change("config/thing/part", "in a folder\n").returncode == 0
    folder, other = site.daemon.intake.main, clone.git("rev-parse", "HEAD^{tree}").stdout
    for target, wanted in ((file, tree), (folder, other)):
        site.ask("rollback", target=target)
        assert site.git("rev-parse", "main^{tree}", cwd=site.repository).stdout == wanted
        site.must_agree()


def test_the_repository_is_packed_beside_the_changes(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packing begins by itself after a change, and changes go on while it runs."""
    done, much = threading.Event(), iter([True])

    def prune_and_tell(path: Path) -> None:
        prune_packed(path)
        done.set()

    monkeypatch.setattr("controlplane.daemon.packing.many_loose", lambda _: next(much, False))
    monkeypatch.setattr("controlplane.daemon.packing.prune_packed", prune_and_tell)
    for number in range(3):
        site.add(f"user{number}@example.test")
    assert done.wait(60)
    assert list((site.repository / "objects/pack").glob("*.pack"))
    site.add("later@example.test")
    site.must_agree()


def test_large_tables_are_packed_by_their_size(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """They lie loose without being compressed, and few of them take much room."""
    done = threading.Event()

    def prune_and_tell(path: Path) -> None:
        prune_packed(path)
        done.set()

    monkeypatch.setattr("controlplane.daemon.packing.prune_packed", prune_and_tell)
    monkeypatch.setattr("controlplane.daemon.packing.HEAVY", 2 * LARGE)
    site.add("user1@example.test")
    repo = site.daemon.intake.stores.repo
    for number in range(2):
        repo.write_blob(b"%d" % number + b"x" * LARGE)
    assert not done.is_set()
    site.add("user2@example.test")
    assert done.wait(60)
    assert site.daemon.packing.consider() is None
    site.must_agree()


def test_a_diff_shows_no_hashes(site: Site) -> None:
    """Diffs are pasted into tickets: accounts are reported by name, tables that hold hashes are left out."""
    site.add("user1@example.test")
    before = site.daemon.intake.position
    site.add("user2@example.test")
    found = site.ask("diff", a=str(before), b=str(site.daemon.intake.position))
    assert "user2@example.test" in str(found["text"])
    assert "$6$" not in str(found)
