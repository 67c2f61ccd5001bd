"""Asking before doing: branches, dry runs, reasons, and plans in a clone that has no server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.server import PASSWORD, Clone, Server
from tests.integration.test_refusals import facts, unchanged

VIRTUAL, ENV = "config/postfix-virtual.cf", "mailserver.env"
OUTSIDE = "someone@sender.test"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def user(server: Server) -> str:
    """An account for aliases to lead to."""
    return server.add_account("previews@example.test")


def kept(found: dict[str, object], *without: str) -> list[str]:
    """The refs of `facts` that are not named."""
    return [line for line in str(found["refs"]).splitlines() if not line.endswith(without)]


def test_a_branch_is_planned_and_rendered_and_nothing_else(server: Server, clone: Clone, user: str) -> None:
    """The answer is the plan; preview/<branch> can be diffed against rendered; its end removes it."""
    before = facts(server)
    clone.write(VIRTUAL, f"try@example.test {user}\n", append=True)
    clone.write(ENV, "POSTFIX_MESSAGE_SIZE_LIMIT=20480000\n", append=True)
    clone.commit("Try it")
    push = clone.push("HEAD:refs/heads/larger-mails")
    assert push.accepted, push.said
    assert "preview of larger-mails against main" in push.said
    assert "alias.added" in push.said
    assert "POSTFIX_MESSAGE_SIZE_LIMIT" in push.said
    assert "Plan: 1 to add, 1 to change, 0 to remove." in push.said
    assert "rendered as preview/larger-mails" in push.said
    after = facts(server)
    own = ("refs/heads/larger-mails", "refs/heads/preview/larger-mails")
    assert kept(after, *own) == kept(before)
    assert {**after, "refs": ""} == {**before, "refs": ""}
    clone.git("fetch", "-q", "origin")
    differs = clone.git("diff", "--name-only", "origin/rendered", "origin/preview/larger-mails").split()
    assert {"mail/etc/postfix/main.cf", "mail/etc/postfix/virtual"} <= set(differs)
    assert "try@example.test" in clone.git("diff", "origin/rendered", "origin/preview/larger-mails")
    assert clone.push(":refs/heads/larger-mails").accepted
    assert facts(server) == before


def test_a_preview_follows_its_branch(server: Server, clone: Clone, user: str) -> None:
    """A forced push of the branch replaces the preview: branches beside main may be rewritten."""
    clone.write(VIRTUAL, f"first@example.test {user}\n", append=True)
    clone.commit("First try")
    assert clone.push("HEAD:refs/heads/second-thoughts").accepted
    clone.git("reset", "-q", "--hard", "HEAD^")
    clone.write(VIRTUAL, f"second@example.test {user}\n", append=True)
    clone.commit("Second try")
    push = clone.push("+HEAD:refs/heads/second-thoughts")
    assert push.accepted, push.said
    clone.git("fetch", "-q", "origin")
    shown = clone.git("diff", "origin/rendered", "origin/preview/second-thoughts")
    assert "second@example.test" in shown
    assert "first@example.test" not in shown
    assert clone.push(":refs/heads/second-thoughts").accepted


def test_a_wrong_branch_is_told_so(server: Server, clone: Clone) -> None:
    """The mistakes of a branch are named with their place, and there is no preview."""
    clone.write(VIRTUAL, "x@example.test not an address@@\n", append=True)
    clone.commit("Try something wrong")
    push = clone.push("HEAD:refs/heads/wrong")
    assert "not an address@@" in push.said
    assert f"{VIRTUAL}:" in push.said
    assert not server.rev("refs/heads/preview/wrong")
    clone.push(":refs/heads/wrong")


def test_a_dry_run_plans_and_changes_nothing(server: Server, clone: Clone, user: str) -> None:
    """`-o dry-run` gives the plan of a push to main."""
    clone.write(VIRTUAL, f"dry@example.test {user}\n", append=True)
    clone.commit("Try it dry")
    with unchanged(server):
        push = clone.push("HEAD:main", "-o", "dry-run")
    assert not push.accepted
    assert "Plan: 1 to add, 0 to change, 0 to remove." in push.said
    assert "dry run: nothing was changed" in push.said


def test_a_push_may_give_its_reason(server: Server, clone: Clone, user: str) -> None:
    """`-o reason=…` stands in the log instead of the commit's message."""
    clone.write(VIRTUAL, f"reason@example.test {user}\n", append=True)
    clone.commit("wip")
    push = clone.push("HEAD:main", "-o", "reason=ticket 4712: the fair")
    assert push.accepted, push.said
    entry = server.log("--subject", "reason@example.test")[-1]
    assert entry["reason"] == "ticket 4712: the fair"
    assert entry["author"] == "Ada Admin"


def test_a_pinned_setting_is_pointed_out(server: Server, clone: Clone) -> None:
    """Status shows what the container's environment pins; a plan says that a change will have no effect."""
    assert server.status()["pins"]["ENABLE_RSPAMD"] == "0"
    assert "ENABLE_RSPAMD=0" in server.must("mailctl", "status")
    text = (clone.path / ENV).read_text()
    clone.write(ENV, text.replace("\nENABLE_RSPAMD=1\n", "\nENABLE_RSPAMD=0\n"))
    clone.commit("Do without the filter")
    with unchanged(server):
        push = clone.push("HEAD:main", "-o", "dry-run")
    assert "pinned by the environment" in push.said


def mailctl(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as installed from the package, in a clone on a machine without any server."""
    return subprocess.run(
        [sys.executable, "-c", "from controlplane.cli.mailctl import main; main()", *arguments],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": str(ROOT),
            "MAILCTL_STATE": "/nonexistent",  # whatever this machine is used for besides
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_clone_is_validated_without_a_server(clone: Clone) -> None:
    """`mailctl validate` finds there what a push would be refused for, with the same words."""
    clean = mailctl(clone.path, "validate")
    assert clean.returncode == 0, clean.stderr
    clone.write(VIRTUAL, "x@example.test  not an address@@\n", append=True)
    number = len((clone.path / VIRTUAL).read_text().splitlines())
    found = mailctl(clone.path, "validate")
    assert found.returncode == 1
    assert f'{VIRTUAL}:{number}: alias target "not an address@@" is not an address' in found.stdout
    as_json = mailctl(clone.path, "validate", "--json")
    assert as_json.returncode == 1
    assert json.loads(as_json.stdout)["problems"][0]["line"] == number


def test_a_clone_is_planned_without_a_server(clone: Clone, user: str) -> None:
    """`mailctl plan` shows what differs from origin/main; --exit-code answers with 4 for a difference."""
    same = mailctl(clone.path, "plan", "--exit-code")
    assert same.returncode == 0, same.stderr
    clone.write(VIRTUAL, f"offline@example.test {user}\n", append=True)
    assert mailctl(clone.path, "plan").returncode == 0
    other = mailctl(clone.path, "plan", "--exit-code")
    assert other.returncode == 4, other.stderr
    assert "Plan: 1 to add, 0 to change, 0 to remove." in other.stdout
    assert "alias.added" in other.stdout
    assert json.loads(mailctl(clone.path, "plan", "--json").stdout)["events"]
    assert "alias.added" in mailctl(clone.path, "plan", "--format", "markdown").stdout
    clone.commit("Add an alias")
    ranged = mailctl(clone.path, "plan", "origin/main..HEAD", "--exit-code")
    assert ranged.returncode == 4, ranged.stderr
    assert PASSWORD not in ranged.stdout


def test_the_server_plans_commits_and_ranges(server: Server, clone: Clone, user: str) -> None:
    """On the server a branch, a commit and a range can be planned, with the documented exit codes."""
    base = clone.git("rev-parse", "origin/main").strip()
    clone.write(VIRTUAL, f"planned@example.test {user}\n", append=True)
    commit = clone.commit("Add an alias")
    assert clone.push("HEAD:refs/heads/planned").accepted
    for change in ("planned", commit, f"{base}..{commit}"):
        done = server.run("mailctl", "plan", change, "--exit-code")
        assert done.returncode == 4, (change, done.stdout, done.stderr)
        assert "Plan: 1 to add" in done.stdout, change
        assert (
            json.loads(server.must("mailctl", "plan", change, "--json"))["events"][0]["kind"] == "alias.added"
        )
    assert server.run("mailctl", "plan", "main", "--exit-code").returncode == 0
    assert server.run("mailctl", "plan", "no-such-branch").returncode == 1
    checked = json.loads(server.must("mailctl", "validate", "planned", "--json"))
    assert checked["problems"] == []
    assert "postfix" in checked["checked"]
    clone.push(":refs/heads/planned")
