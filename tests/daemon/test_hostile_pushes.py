"""Pushes made to hurt: trees that explode, files that explode, names that block, texts that lie."""

from __future__ import annotations

import resource
import subprocess

import pytest

from controlplane.errors import NotFound, Refused, UsageError
from tests.daemon.site import Clone, Site

MIB = 1 << 20


def made(clone: Clone, *arguments: str, given: str | bytes = "") -> str:
    """What a plumbing command of git prints, given its standard input."""
    done = subprocess.run(
        ["git", *arguments],
        cwd=clone.path,
        input=given.encode() if isinstance(given, str) else given,
        capture_output=True,
        timeout=60,
        check=True,
    )
    return done.stdout.decode().strip()


def pushed_tree(clone: Clone, tree: str, branch: str = "main") -> subprocess.CompletedProcess[str]:
    """Push a commit of this tree on top of what the clone has."""
    done = clone.git("commit-tree", tree, "-p", "HEAD", "-m", "Trust me")
    return clone.push("origin", f"{done.stdout.strip()}:refs/heads/{branch}")


@pytest.mark.parametrize("branch", ["main", "more"])
def test_a_tree_that_stands_for_a_billion_files_is_refused(site: Site, branch: str) -> None:
    """Ten trees of ten entries each, all the same: small to push, endless to walk."""
    clone = site.clone()
    blob = made(clone, "hash-object", "-w", "--stdin", given="x")
    tree = made(clone, "mktree", given="".join(f"100644 blob {blob}\tf{n}\n" for n in range(10)))
    for _ in range(9):
        tree = made(clone, "mktree", given="".join(f"040000 tree {tree}\td{n}\n" for n in range(10)))
    done = pushed_tree(clone, tree, branch)
    assert done.returncode != 0
    assert "more than 20,000 files" in done.stderr
    site.must_agree()


def test_folders_without_end_are_refused(site: Site) -> None:
    """A thousand nested folders are reported, not a bug."""
    clone = site.clone()
    blob = made(clone, "hash-object", "-w", "--stdin", given="x")
    tree = made(clone, "mktree", given=f"100644 blob {blob}\tf\n")
    for _ in range(300):
        tree = made(clone, "mktree", given=f"040000 tree {tree}\td\n")
    done = pushed_tree(clone, tree)
    assert done.returncode != 0
    assert "100 deep" in done.stderr


def test_gigabytes_of_zeros_are_refused_before_they_are_unpacked(site: Site) -> None:
    """A file that is small in the push and large in memory is reported by its size alone."""
    clone = site.clone()
    blob = made(clone, "hash-object", "-w", "--stdin", given=bytes(200 * MIB))
    tree = made(clone, "mktree", given=f"100644 blob {blob}\tzeros\n")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    done = pushed_tree(clone, tree)
    assert done.returncode != 0
    assert "zeros: it is 209,715,200 bytes large" in done.stderr
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024


def test_main_moved_past_the_hooks_to_a_monster_keeps_the_server_up(site: Site) -> None:
    """A tree that cannot be read is reported as trouble; the server starts all the same."""
    clone = site.clone()
    blob = made(clone, "hash-object", "-w", "--stdin", given="x")
    tree = made(clone, "mktree", given=f"100644 blob {blob}\tf\n")
    for _ in range(120):
        tree = made(clone, "mktree", given=f"040000 tree {tree}\td\n")
    commit = clone.git("commit-tree", tree, "-p", "HEAD", "-m", "x").stdout.strip()
    clone.git("branch", "monster", commit)
    site.git("fetch", "-q", str(clone.path), "monster", cwd=site.repository)
    site.git("update-ref", "refs/heads/main", commit, cwd=site.repository)
    site.stop()
    site.start()
    assert "deep" in site.ask("status")["trouble"][0]["message"]


ESCAPE = "\x1b]0;owned\x07\x1b[2K\u202e"


def test_a_commit_cannot_write_to_the_terminals_of_others(site: Site) -> None:
    """Escape sequences in a message, an author or an option are shown as what they are, everywhere."""
    clone = site.clone()
    clone.append("config/postfix-virtual.cf", "info@example.test user1@example.test\n")
    clone.git("add", "-A")
    message = f"Nice {ESCAPE} change\n\nPosition: 4711\nActor: somebody else\n"
    made_by = {"GIT_AUTHOR_NAME": f"Eve{ESCAPE}"}
    assert clone.git("commit", "-q", "--cleanup=verbatim", "-m", message, **made_by).returncode == 0
    done = clone.git("push", "origin", "HEAD:main", GIT_MAILSERVER_ACTOR=f"eve{ESCAPE}\nroot")
    assert done.returncode == 0, done.stderr
    entry = site.ask("history", subject="info@example.test")["entries"][-1]
    shown = done.stderr.replace("\x1b[K", "") + entry["reason"] + entry["actor"] + entry["author"]
    assert not any(character in shown for character in "\x1b\x07\u202e")
    assert "\n" not in entry["actor"]
    log = site.git("log", "--format=%(trailers:key=Position,valueonly)", "events", cwd=site.repository)
    assert str(entry["position"]) in log.stdout.split()
    assert "4711" not in log.stdout
    site.must_agree()


def test_bytes_that_are_no_text_are_taken_as_such(site: Site) -> None:
    """A reason and an actor that no encoder takes are recorded, and the log can still be asked."""
    clone = site.clone()
    clone.append("config/postfix-virtual.cf", "info@example.test user1@example.test\n")
    clone.commit()
    done = clone.git("push", "-o", "reason=caf\udce9", "origin", "HEAD:main", GIT_MAILSERVER_ACTOR="ev\udce9")
    assert done.returncode == 0, done.stderr
    entry = site.ask("history", subject="info@example.test")["entries"][-1]
    assert (entry["reason"], entry["actor"]) == ("caf\\udce9", "ev\\udce9")
    site.must_agree()


def test_a_file_name_that_is_no_text_is_told(site: Site) -> None:
    """It is refused with its name, although it holds a secret too and UTF-8 cannot write it."""
    clone = site.clone()
    blob = made(clone, "hash-object", "-w", "--stdin", given="-----BEGIN PRIVATE KEY-----\nx\n")
    tree = made(clone, "mktree", "-z", given=f"100644 blob {blob}\t".encode() + b"\xff\x1b[2K\0")
    done = pushed_tree(clone, tree)
    assert done.returncode != 0
    assert "control characters" in done.stderr
    assert "bug" not in done.stderr


def test_a_key_without_a_comment_is_not_root(site: Site) -> None:
    """An SSH key whose comment is empty pushes as what it is."""
    clone = site.clone()
    clone.append("config/postfix-virtual.cf", "info@example.test user1@example.test\n")
    clone.commit()
    assert clone.git("push", "origin", "HEAD:main", GIT_MAILSERVER_ACTOR="").returncode == 0
    entry = site.ask("history", subject="info@example.test")["entries"][-1]
    assert entry["actor"] == "an SSH key without a comment"


@pytest.mark.parametrize("branch", ["events/x", "rendered/x", "preview", "preview/x", "main/x"])
def test_a_branch_cannot_stand_in_the_way_of_the_servers(site: Site, branch: str) -> None:
    """`preview` as a branch would leave no room for `preview/…` (git-check-ref-format(1))."""
    clone = site.clone()
    done = clone.push("origin", f"HEAD:refs/heads/{branch}")
    assert done.returncode != 0
    assert "written by the server alone" in done.stderr


def test_one_refused_branch_refuses_the_whole_push(site: Site) -> None:
    """`main` beside `events` in one push: neither moves, and nothing is remembered of it."""
    clone = site.clone()
    main = site.daemon.intake.main
    clone.append("config/postfix-virtual.cf", "info@example.test user1@example.test\n")
    commit = clone.commit()
    assert clone.push("origin", "HEAD:main", "+HEAD:refs/heads/events").returncode != 0
    assert site.daemon.intake.stores.repo.refs.get("main") == main
    assert site.daemon.intake.stores.accepted.cause_of(commit) is None


def test_a_tag_or_a_trailer_cannot_pass_for_a_revision(site: Site) -> None:
    """`main` is the branch whatever tags there are; a release is one by its place, not by what it says."""
    clone = site.clone()
    site.add("user1@example.test")
    clone.git("pull", "-q")
    forged = clone.commit("Lie\n\nRelease: 1\nLog-Position: 1\nRenderer-Version: 1")
    assert clone.push().returncode == 0
    assert clone.push("origin", "HEAD~1:refs/tags/main", "HEAD~1:refs/tags/events").returncode == 0
    assert site.ask("show", at="main")["accounts"] == ["user1@example.test"]
    assert site.ask("plan", target="main", base=forged)["different"] is False


@pytest.mark.parametrize("at", ["2026-02-30", "0001-01-01T00:00+14:00", "../../etc/passwd", "-x"])
def test_a_time_that_never_was_is_not_found(site: Site, at: str) -> None:
    """What looks like a time or a path and is none is reported as such, not as a bug."""
    with pytest.raises((NotFound, UsageError)):
        site.ask("show", at=at)


def test_a_key_that_a_later_commit_took_out_is_refused(site: Site) -> None:
    """It would be in the history for every clone; which commit holds it is reported."""
    clone = site.clone()
    clone.write("config/notes/key.pem", "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n")
    guilty = clone.commit("Add a key")
    clone.git("rm", "-q", "config/notes/key.pem")
    clone.commit("Remove it")
    done = clone.push()
    assert done.returncode != 0
    assert f"a private key in the clear, in commit {guilty[:12]}" in done.stderr
    clone.git("reset", "-q", "--soft", "origin/main")
    clone.commit("Nothing after all")
    assert clone.push().returncode == 0


def test_an_alias_that_would_be_a_comment_is_refused(site: Site) -> None:
    """`#x@example.test` in the file would say nothing; the command must not claim that it did."""
    with pytest.raises(Refused, match="would be a comment"):
        site.ask("edit", command="alias.add", alias="#x@example.test", target="user1@example.test")
