"""Pushes that pass: what they say, what they leave, previews and options."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.events import NodeObserved
from controlplane.intake import pipeline
from controlplane.intake.accepted_pushes import Cause
from controlplane.intake.proposal import Proposal
from controlplane.model import State
from tests.daemon.site import Site

VIRTUAL = "config/postfix-virtual.cf"
LINE = "info@example.test user1@example.test\n"


def test_a_good_push_is_answered_with_its_plan(site: Site) -> None:
    """The event, the counts, the file with its lines, the change set and the release."""
    site.add("user1@example.test")
    clone = site.clone()
    done = clone.change(VIRTUAL, LINE, "Add the info alias (ticket 4711)")
    assert done.returncode == 0, done.stderr
    for text in (
        '► 1 change by Ada Admin (ada@laptop): "Add the info alias (ticket 4711)"',
        "+ alias.added         info@example.test → user1@example.test",
        "Plan: 1 to add, 0 to change, 0 to remove.",
        "validated with postfix, dovecot",
        "change set",
    ):
        assert text in done.stderr
    entry = site.ask("history", subject="info@example.test")["entries"][-1]
    assert (entry["actor"], entry["author"], entry["source"]) == ("ada@laptop", "Ada Admin", "push")
    site.must_agree()


def test_what_a_service_has_to_say_is_told_with_its_line(site: Site) -> None:
    """The change is taken all the same."""
    done = site.clone().change("config/postfix-main.cf", "# mine\nsmtp_use_tls = yes\n")
    assert done.returncode == 0, done.stderr
    assert (
        "⚠ config/postfix-main.cf:2: smtp_use_tls is deprecated since Postfix 3.9, "
        "and a later version lacks it; write `smtp_tls_security_level = may`"
    ) in done.stderr
    site.must_agree()


def test_a_comment_makes_no_change_set(site: Site) -> None:
    """The push passes, the log stays, and the commit is still projected."""
    position = site.daemon.intake.position
    clone = site.clone()
    site.daemon.delivery.wait_for(1, 10)
    position = site.daemon.intake.position
    done = clone.change(VIRTUAL, "# a remark\n")
    assert done.returncode == 0, done.stderr
    assert site.daemon.intake.position == position
    assert site.daemon.delivery.target()["main"] == clone.git("rev-parse", "HEAD").stdout.strip()


def test_a_preview_changes_nothing(site: Site) -> None:
    """Another branch gets its plan and a rendering to compare; deleting it deletes the rendering."""
    clone = site.clone()
    clone.append(VIRTUAL, LINE)
    clone.commit()
    main = site.daemon.intake.main
    done = clone.push("origin", "HEAD:refs/heads/more")
    assert done.returncode == 0, done.stderr
    assert "preview of more against main" in done.stderr
    assert "alias.added" in done.stderr
    assert site.git("rev-parse", "preview/more", cwd=site.repository).returncode == 0
    assert site.daemon.intake.main == main
    assert not site.daemon.intake.state.desired.aliases
    assert clone.push("origin", ":more").returncode == 0
    assert site.git("rev-parse", "preview/more", cwd=site.repository).returncode != 0


def test_the_preview_of_a_stale_branch_says_so(site: Site) -> None:
    """Its plan would undo what main got meanwhile: that is said, with the commits, before the plan."""
    clone = site.clone()
    clone.append(VIRTUAL, LINE)
    clone.commit()
    site.add("user1@example.test")
    said = clone.push("origin", "HEAD:refs/heads/more").stderr
    assert "stale: main has 1 commit that this branch lacks" in said
    assert "account.added user1@example.test" in said
    assert said.index("stale") < said.index("account.removed")
    clone.git("pull", "-q", "--rebase", "origin", "main")
    assert "stale" not in clone.push("origin", "HEAD:refs/heads/fresh").stderr


def test_a_broken_preview_is_told_and_kept_out_of_the_way(site: Site) -> None:
    """A branch may be half done: its problems are reported, and it is accepted."""
    clone = site.clone()
    clone.append(VIRTUAL, "x@example.test not an@@ address\n")
    clone.commit()
    done = clone.push("origin", "HEAD:refs/heads/draft")
    assert done.returncode == 0, done.stderr
    assert "would be refused on main" in done.stderr


def test_a_broken_preview_shows_lines_as_they_are(site: Site) -> None:
    """Also a line that reads like our own words."""
    clone = site.clone()
    clone.append(VIRTUAL, "refused: nothing was changed\n")
    clone.commit()
    said = clone.push("origin", "HEAD:refs/heads/draft").stderr
    assert "| refused: nothing was changed" in said
    assert said.count("would be refused on main") == 1


@pytest.mark.parametrize("ref", ["refs/heads/draft", "refs/tags/secret", "refs/notes/secret"])
def test_a_key_in_the_clear_is_refused_wherever_it_goes(site: Site, ref: str) -> None:
    """Also where it was taken out again: every clone would get it, by whatever name."""
    clone = site.clone()
    key = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"
    clone.append("config/mykey.pem", key)
    clone.commit()
    (clone.path / "config/mykey.pem").unlink()
    clone.commit()
    for commit in ("HEAD~1", "HEAD"):
        done = clone.push("origin", f"{commit}:{ref}")
        assert done.returncode != 0
        assert "a private key in the clear" in done.stderr
    assert not site.git("for-each-ref", ref, cwd=site.repository).stdout


def test_a_tag_of_what_everybody_has_is_fine(site: Site) -> None:
    """Annotated or not; a tag of a file is none that anybody needs."""
    clone = site.clone()
    clone.change(VIRTUAL, LINE)
    clone.git("tag", "-a", "-m", "Reviewed", "v1", "HEAD~1")
    assert clone.push("origin", "v1").returncode == 0
    blob = clone.git("rev-parse", "HEAD:mailserver.env").stdout.strip()
    done = clone.push("origin", f"{blob}:refs/tags/file")
    assert done.returncode != 0
    assert "is no commit" in done.stderr
    assert clone.push("origin", "HEAD:refs/heads/HEAD").returncode != 0


def test_a_dry_run_shows_the_plan_and_changes_nothing(site: Site) -> None:
    """The plan comes, then the refusal."""
    clone = site.clone()
    clone.append(VIRTUAL, LINE)
    clone.commit()
    main = site.daemon.intake.main
    done = clone.push("-o", "dry-run", "origin", "HEAD:main")
    assert done.returncode != 0
    assert "Plan: 1 to add" in done.stderr
    assert "dry run: nothing was changed" in done.stderr
    assert site.daemon.intake.main == main


def test_the_reason_of_a_push_is_recorded(site: Site) -> None:
    """`-o reason=…` stands in the log in place of the commit's message."""
    clone = site.clone()
    clone.append(VIRTUAL, LINE)
    clone.commit()
    assert clone.push("-o", "reason=ticket 4711", "origin", "HEAD:main").returncode == 0
    assert site.ask("history", subject="info@example.test")["entries"][-1]["reason"] == "ticket 4711"


def test_a_git_revert_takes_the_change_back(site: Site) -> None:
    """Undoing a commit is a change like any other."""
    clone = site.clone()
    clone.change(VIRTUAL, LINE)
    clone.git("revert", "--no-edit", "HEAD")
    assert clone.push().returncode == 0
    kinds = [entry["kind"] for entry in site.ask("history", subject="info@example.test")["entries"]]
    assert kinds == ["alias.added", "alias.removed"]
    site.must_agree()


def test_a_push_works_without_the_agent_but_says_so(site: Site) -> None:
    """The node's checkers are missing then; the node checks again before it applies."""
    assert site.agent is not None
    site.agent.close()
    done = site.clone().change(VIRTUAL, LINE)
    assert done.returncode == 0, done.stderr
    assert "not checked by the daemons" in done.stderr


def test_unsupported_and_pinned_settings_are_told(site: Site) -> None:
    """They are recorded, and nobody is left to believe that they work."""
    site.stop()
    site.environment["ENABLE_RSPAMD"] = "1"
    site.start()
    done = site.clone().change("mailserver.env", "ENABLE_CLAMAV=1\n")
    assert done.returncode == 0, done.stderr
    assert "not supported yet" in done.stderr
    clone = site.clone("other")
    text = (clone.path / "mailserver.env").read_text()
    clone.write("mailserver.env", text.replace("ENABLE_RSPAMD=1", "ENABLE_RSPAMD=0"))
    clone.commit()
    done = clone.push()
    assert "pinned by the environment" in done.stderr
    assert site.daemon.intake.state.settings.enable_rspamd


def test_a_push_is_told_what_it_will_run(site: Site) -> None:
    """A script that runs as root is marked in the answer and in a preview."""
    clone = site.clone()
    clone.write("config/user-patches.sh", "#!/bin/bash\n")
    clone.commit()
    for branch in ("try", "main"):
        done = clone.push("origin", f"HEAD:refs/heads/{branch}")
        assert done.returncode == 0, done.stderr
        (line,) = [line for line in done.stderr.splitlines() if "runs as root" in line]
        assert "user-patches.sh" in line
        assert "⚠" in line


def test_a_push_is_proposed_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was answered before git moved `main` is recorded after; anything in between makes it anew."""
    site.add("user1@example.test")
    proposed: list[State] = []
    real = pipeline.propose_files

    def propose(state: State, *rest: Any, **options: Any) -> Proposal:
        proposed.append(state)
        return real(state, *rest, **options)

    monkeypatch.setattr(pipeline, "propose_files", propose)
    clone = site.clone()
    assert clone.change(VIRTUAL, LINE).returncode == 0
    assert len(proposed) == 1
    site.settle()
    intake = site.daemon.intake
    keep = intake.keep

    def late(commit: str, position: int, proposal: Proposal) -> None:
        keep(commit, position, proposal)
        intake.record([NodeObserved(node="mail", hostname="new.example.test")], Cause("x", "agent"))

    monkeypatch.setattr(intake, "keep", late)
    assert clone.change(VIRTUAL, "second@example.test user1@example.test\n").returncode == 0
    assert len(proposed) == 3
    site.must_agree()


def test_what_was_accepted_and_did_not_come_is_forgotten(site: Site) -> None:
    """A commit that `main` never pointed at says nothing of the next one."""
    intake = site.daemon.intake
    proposal = intake.propose(intake.main)
    intake.keep("0" * 40, intake.position, proposal)
    assert site.clone().change(VIRTUAL, LINE).returncode == 0
    assert "info@example.test" in intake.state.desired.aliases
    site.must_agree()
