"""Rollback to any position of the log: with its text, from the log alone, with refusals reported."""

from __future__ import annotations

import time
from typing import Any

import pytest

from controlplane.errors import Conflict, NotFound, Refused
from controlplane.intake.checks import tree_policy
from controlplane.secrets import IDENTITY, RECIPIENT
from tests.daemon.site import HASH, Clone, Site

ACCOUNTS, VIRTUAL, ENV = "config/postfix-accounts.cf", "config/postfix-virtual.cf", "mailserver.env"
QUOTAS = "config/dovecot-quotas.cf"
USER = "user1@example.test"


def push(clone: Clone, *options: str) -> int:
    """Commit what was written and push it; the position of the change set that it became."""
    commit = clone.commit()
    done = clone.push(*options, "origin", "HEAD:main")
    assert done.returncode == 0, done.stderr
    clone.site.settle()
    return clone.site.daemon.intake.recent[commit].position


def back(clone: Clone) -> None:
    """What the server has now, in the clone."""
    clone.git("fetch", "-q")
    clone.git("reset", "-q", "--hard", "origin/main")


def lose(site: Site, commit: str) -> None:
    """Delete the loose objects that only this commit of `main` has."""

    def reached(*tips: str) -> set[str]:
        listed = site.git("rev-list", "--objects", *tips, cwd=site.repository).stdout
        return {line.split()[0] for line in listed.splitlines()}

    own = reached(commit, f"^{commit}~1") - reached(
        f"{site.daemon.intake.main}^{{tree}}", "events", "rendered"
    )
    assert commit in own
    for oid in own:
        (site.repository / "objects" / oid[:2] / oid[2:]).unlink()


def text(site: Site, path: str) -> str:
    """A file of `main` as it is now."""
    return site.git("show", f"main:{path}", cwd=site.repository).stdout


def refusal(site: Site, op: str, **arguments: Any) -> list[Any]:
    """The problems that an operation is refused for; nothing was changed by it."""
    before = site.daemon.intake.position, site.daemon.intake.main
    with pytest.raises(Refused) as caught:
        site.ask(op, **arguments)
    assert (site.daemon.intake.position, site.daemon.intake.main) == before
    return list(caught.value.problems)


def test_seven_thousand_accounts_do_not_go_unasked(site: Site) -> None:
    """A rollback that would remove every account is refused; with the option it goes on."""
    clone, start = site.clone(), site.daemon.intake.position
    clone.write(ACCOUNTS, "".join(f"user{n}@example.test|{HASH}\n" for n in range(7000)))
    after = push(clone)
    (problem,) = refusal(site, "rollback", target=str(start))
    assert problem.message == "this would remove 7,000 of 7,000 accounts"
    assert "--allow-mass-delete" in problem.cure
    planned = site.ask("rollback", target=str(start), dry_run=True)
    assert planned["plan"]["remove"] == 7000
    assert planned["refused"][0]["message"] == problem.message
    assert len(site.daemon.intake.state.desired.accounts) == 7000
    begun = time.monotonic()
    site.ask("rollback", target=str(start), allow_mass_delete=True)
    assert site.daemon.intake.state.desired.accounts == {}
    site.ask("rollback", target=str(after))
    assert len(site.daemon.intake.state.desired.accounts) == 7000
    assert time.monotonic() - begun < 30
    site.must_agree()


def test_the_text_comes_back_with_its_comments(site: Site) -> None:
    """What was readable is restored to the letter, by position, commit and time."""
    clone = site.clone()
    clone.write(ACCOUNTS, f"# the first of us\n{USER}|{HASH}\n\n")
    position = push(clone)
    then, main, wanted = site.ask("show")["time"], site.daemon.intake.main, text(site, ACCOUNTS)
    for target in (str(position), main, main[:12], then):
        back(clone)
        clone.write(ACCOUNTS, f"user2@example.test|{HASH}\n{USER}|{HASH}\n")
        push(clone)
        site.ask("rollback", target=target)
        assert text(site, ACCOUNTS) == wanted
    site.must_agree()


@pytest.mark.parametrize("by", ["position", "commit"])
def test_a_state_whose_text_is_lost_comes_from_the_log(site: Site, by: str) -> None:
    """The commits of `main` are gone: the files are written from the fold, around today's comments."""
    clone = site.clone()
    clone.write(ACCOUNTS, f"{USER}|{HASH}\nuser2@example.test|{HASH}|a=b\n")
    clone.write(QUOTAS, f"{USER}:5M\n")
    clone.write(VIRTUAL, f"info@example.test {USER},user2@example.test\n")
    clone.append(ENV, "SPOOF_PROTECTION=1\n")
    clone.write("config/dovecot.cf", "mail_max_userip_connections = 5\n")
    position = push(clone)
    then, main = site.daemon.intake.state.desired, site.daemon.intake.main
    clone.write(ACCOUNTS, f"# staff\nuser3@example.test|{HASH}\n# the first\n{USER}|{HASH}|c=d\n")
    clone.write(VIRTUAL, f"# all of us\ninfo@example.test {USER}\n")
    clone.git("checkout", "-q", "HEAD~1", "--", ENV)
    clone.git("rm", "-q", QUOTAS, "config/dovecot.cf")
    push(clone)
    lose(site, main)
    change = site.ask("rollback", target={"position": str(position), "commit": main}[by])
    assert site.daemon.intake.state.desired == then
    assert "written anew from the log" in change["notes"][0]
    assert text(site, ACCOUNTS).startswith("# staff\n# the first\n")
    assert text(site, VIRTUAL).startswith("# all of us\n")


def test_back_to_the_very_start(site: Site) -> None:
    """Position 0 is the empty state, 1 what the first change set made; the recipient stays the server's."""
    site.add(USER)
    recipient = text(site, RECIPIENT)
    site.ask("rollback", target="0")
    desired = site.daemon.intake.state.desired
    assert (desired.accounts, desired.settings) == ({}, {})
    assert text(site, RECIPIENT) == recipient
    site.ask("rollback", target="1")
    site.must_agree()
    with pytest.raises(NotFound):
        site.ask("rollback", target="99999")


def test_the_newest_is_no_change(site: Site) -> None:
    """Going back to the current state changes nothing and says so."""
    site.add(USER)
    position = site.daemon.intake.position
    assert site.ask("rollback", target=str(position), dry_run=True)["different"] is False
    assert site.ask("rollback", target=str(position))["position"] == 0


def test_a_plan_changes_nothing_and_holds_only_while_main_does(site: Site) -> None:
    """A yes to a plan carries out that plan or nothing."""
    position = site.daemon.intake.position
    site.add(USER)
    before = site.daemon.intake.position, site.git("rev-parse", "main", "events", cwd=site.repository).stdout
    planned = site.ask("rollback", target=str(position), dry_run=True)
    assert planned["title"] == f"► back to the state of change set {position}, as a new change set"
    assert planned["plan"]["remove"] == 1
    assert "account.removed" in planned["text"][0]
    site.settle()
    refs = site.git("rev-parse", "main", "events", cwd=site.repository).stdout
    assert (site.daemon.intake.position, refs) == before
    site.add("user2@example.test")
    with pytest.raises(Conflict, match="main has changed"):
        site.ask("rollback", target=str(position), main=planned["main"], allow_mass_delete=True)
    assert len(site.daemon.intake.state.desired.accounts) == 2


def test_what_is_refused_today_is_told_with_a_way_out(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that is stricter now: the file is named, the nearest state and the option are offered."""
    clone = site.clone()
    clone.write("config/extra.txt", "large " * 100_000)
    clone.write(VIRTUAL, f"one@example.test {USER}\n")
    clone.write(ACCOUNTS, f"{USER}|{HASH}\n")
    refused = push(clone)
    clone.write("config/extra.txt", "small\n")
    taken = push(clone)
    clone.write(VIRTUAL, f"two@example.test {USER}\n")
    push(clone)
    monkeypatch.setattr(tree_policy, "MAX_OVERRIDE", 500_000)
    problems = refusal(site, "rollback", target=str(refused))
    assert (problems[0].path, problems[0].cure) == ("config/extra.txt", "make it smaller")
    assert f"nearest: change set {taken}, " in problems[-1].cure
    assert "--skip-refused leaves config/extra.txt" in problems[-1].cure
    change = site.ask("rollback", target=str(refused), skip_refused=True)
    assert change["notes"] == ["config/extra.txt stays as it is: its text of then would be refused"]
    assert text(site, VIRTUAL).startswith("one@")
    assert text(site, "config/extra.txt") == "small\n"
    site.ask("rollback", target=str(taken))
    site.must_agree()


def test_what_was_sealed_for_another_identity_is_refused(site: Site) -> None:
    """A new identity opens nothing of the old: the line is reported; the recipient is never rolled back."""
    clone = site.clone()
    sealed = site.daemon.intake.sealer.seal("secret")
    clone.write("config/postfix-sasl-password.cf", f"# log-ins\n@example.test me:{sealed}\n")
    position = push(clone)
    clone.git("rm", "-q", "config/postfix-sasl-password.cf")
    push(clone)
    site.stop()
    (site.places.root / "control" / IDENTITY).unlink()
    site.start()
    recipient = text(site, RECIPIENT)
    problems = refusal(site, "rollback", target=str(position))
    assert (problems[0].path, problems[0].line) == ("config/postfix-sasl-password.cf", 2)
    change = site.ask("rollback", target=str(position), skip_refused=True)
    assert "postfix-sasl-password.cf stays" in change["notes"][0]
    assert text(site, RECIPIENT) == recipient
    site.must_agree()


def test_it_leads_out_of_a_main_that_cannot_be_taken_over(site: Site) -> None:
    """The branch was moved past the hooks: its text blocks every change but a rollback."""
    site.add(USER)
    position = site.daemon.intake.position
    clone = site.clone()
    clone.write(ACCOUNTS, "nonsense\n")
    bad = clone.commit()
    site.git("fetch", "-q", str(clone.path), f"{bad}:refs/heads/bad", cwd=site.repository)
    site.git("update-ref", "refs/heads/main", bad, cwd=site.repository)
    with pytest.raises(Refused):
        site.add("user2@example.test")
    site.ask("rollback", target=str(position))
    site.add("user2@example.test")
    assert list(site.daemon.intake.state.desired.accounts) == [USER, "user2@example.test"]
    site.must_agree()


def test_the_checkers_of_the_daemons_are_asked(site: Site) -> None:
    """A text that a daemon would not take today is refused before anything moves."""
    clone = site.clone()
    clone.write("config/postfix-main.cf", "max_idle = 30s\n")
    position = push(clone)
    clone.write("config/postfix-main.cf", "max_idle = 20s\n")
    push(clone)
    assert site.agent
    complaint = {
        "path": "/etc/postfix/main.cf",
        "line": 1,
        "message": "unused parameter",
        "service": "postfix",
    }
    site.agent.complaints = [complaint]
    assert "unused parameter" in refusal(site, "rollback", target=str(position))[0].message


def test_a_change_of_text_alone_is_told_as_such(site: Site) -> None:
    """Comments come back as well: which files, and that nothing the server reads changes."""
    site.add(USER)
    before = site.daemon.intake.main
    clone = site.clone()
    clone.append(VIRTUAL, "# a remark\n")
    clone.commit()
    assert clone.push().returncode == 0
    change = site.ask("rollback", target=before)
    assert change["position"] == 0
    assert change["notes"] == [f"nothing that the server reads changes, only text: {VIRTUAL}"]
    assert "# a remark" not in text(site, VIRTUAL)


def test_it_leads_out_of_a_main_that_cannot_be_read(site: Site) -> None:
    """A blob of the newest text is lost: an older state comes back whole, and changes go on."""
    site.add(USER)
    position, then = site.daemon.intake.position, site.daemon.intake.state.desired
    clone = site.clone()
    clone.append(VIRTUAL, f"info@example.test {USER}\n")
    push(clone)
    blob = site.git("rev-parse", f"main:{VIRTUAL}", cwd=site.repository).stdout.strip()
    site.stop()
    (site.repository / "objects" / blob[:2] / blob[2:]).unlink()
    site.start()
    site.ask("rollback", target=str(position))
    assert site.daemon.intake.state.desired == then
    site.add("user2@example.test")
    site.must_agree()
