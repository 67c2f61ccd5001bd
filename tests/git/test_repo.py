"""The state repo: trees, references, history, merges, damage."""

from __future__ import annotations

import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pygit2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.errors import Conflict, Corrupt, NotFound, Unavailable
from controlplane.git import (
    EXECUTABLE,
    SERVER,
    NewFile,
    Person,
    StateRepo,
    TreeEntry,
    format_message,
    merge_file,
    parse_trailers,
)
from controlplane.git.commits import signature_parts
from controlplane.git.objects import store
from tests.change_sets import BEGIN


def commit(repo: StateRepo, ref: str, files: dict[str, bytes], message: str = "a change\n") -> str:
    """Put files on a branch, on top of what is there."""
    parent = repo.refs.get(ref)
    base = repo.commit_info(parent).tree if parent else ""
    tree = repo.write_tree(base, {path: NewFile(content) for path, content in files.items()})
    return repo.commit(ref, parent, tree, message, SERVER, BEGIN)


def test_ensure_configures_and_can_be_repeated(tmp_path: Path) -> None:
    """It takes push options, checks objects, syncs what git writes; opening it again is harmless."""
    for _ in range(2):
        repo = StateRepo.ensure(tmp_path / "deep/state.git")
    told = subprocess.run(
        ["git", "--git-dir", str(repo.path), "config", "--list"], capture_output=True, text=True, check=True
    ).stdout.lower()
    for line in ("receive.advertisepushoptions=true", "receive.fsckobjects=true", "core.fsync=all"):
        assert line in told
    assert (repo.path / "HEAD").read_text() == "ref: refs/heads/main\n"


def test_a_tree_is_changed_in_place(repo: StateRepo) -> None:
    """Files are added, replaced, made executable and removed; a folder without files goes."""
    tree = repo.write_tree("", {"a": NewFile(b"1"), "b/c/d": NewFile(b"2"), "b/e": NewFile(b"3", EXECUTABLE)})
    assert list(repo.tree_files(tree)) == ["a", "b/c/d", "b/e"]
    assert repo.tree_files(tree)["b/e"].mode == EXECUTABLE
    changed = repo.write_tree(tree, {"b/c/d": None, "a/x": NewFile(b"4"), "f": repo.tree_files(tree)["a"]})
    assert list(repo.tree_files(changed)) == ["a/x", "b/e", "f"]
    assert repo.blob(repo.tree_files(changed)["f"].id) == b"1"


def test_a_file_is_read_by_path(repo: StateRepo) -> None:
    """One file of a commit is found without reading the rest."""
    made = commit(repo, "main", {"config/x": b"hello"})
    assert repo.file(made, "config/x") == b"hello"
    assert repo.files(made) == {"config/x": TreeEntry("b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0", 0o100644)}
    with pytest.raises(NotFound):
        repo.file(made, "config/y")


def test_a_reference_moves_only_from_where_it_is(repo: StateRepo) -> None:
    """Making, moving and removing each compare first; nothing moves on a stale idea."""
    first = commit(repo, "main", {"a": b"1"})
    second = commit(repo, "main", {"a": b"2"})
    repo.refs.swap("other", "", first)
    for old, new in (("", second), (second, first), (second, "")):
        with pytest.raises(Conflict):
            repo.refs.swap("other", old, new)
    repo.refs.swap("other", first, second)
    assert repo.refs.names("refs/heads/") == ["refs/heads/main", "refs/heads/other"]
    repo.refs.swap("other", second, "")
    assert repo.refs.get("other") == ""
    with pytest.raises(Conflict):
        repo.refs.swap("other", second, first)


def test_history_is_walked_along_first_parents(repo: StateRepo) -> None:
    """Newest first, as far as asked."""
    made = [commit(repo, "main", {"a": b"%d" % number}) for number in range(4)]
    assert [info.id for info in repo.history(made[-1])] == made[::-1]
    assert [info.id for info in repo.history(made[-1], until=made[0])] == made[:0:-1]
    assert repo.chain(made[-1], limit=2) == made[:1:-1]
    assert repo.merge_base(made[1], made[3]) == made[1]
    assert repo.is_ancestor(made[1], made[3])
    assert repo.is_ancestor(made[3], made[3])
    assert not repo.is_ancestor(made[3], made[1])
    assert repo.resolve("main~1") == made[2]
    with pytest.raises(NotFound):
        repo.resolve("nowhere")


def test_a_commit_says_who_when_and_what(repo: StateRepo) -> None:
    """Author, time, message and trailers come back; an odd name is made fit for git."""
    tree = repo.write_tree("", {"a": NewFile(b"1")})
    message = format_message("Why\n\nBecause: of this", {"Position": "3", "Actor": "Ada\nAdmin", "Empty": ""})
    info = repo.commit_info(repo.commit("main", "", tree, message, Person("A <b>\n"), BEGIN))
    assert (info.author.name, info.time, info.subject) == ("A b", BEGIN.replace(microsecond=0), "Why")
    assert info.trailers == {"Position": "3", "Actor": "Ada Admin"}
    assert parse_trailers("One line: of text") == {}


def test_quarantined_objects_are_seen_by_a_fresh_handle(repo: StateRepo, tmp_path: Path) -> None:
    """What stands in another object folder is read there; the plain handle does not see it."""
    other = StateRepo.ensure(tmp_path / "other.git")
    made = commit(other, "main", {"a": b"1"})
    assert repo.fresh((other.path / "objects",)).file(made, "a") == b"1"
    with pytest.raises(Corrupt, match=made):
        repo.commit_info(made)


def test_damage_is_told_by_name(repo: StateRepo) -> None:
    """A flipped byte, an emptied file and a missing one each name the object and what it is part of."""
    made = commit(repo, "main", {"config/x": b"hello" * 100})
    blob = repo.files(made)["config/x"].id
    path = repo.path / "objects" / blob[:2] / blob[2:]
    sound = path.read_bytes()
    path.chmod(0o644)
    for bad in (sound[:20] + bytes([sound[20] ^ 1]) + sound[21:], b"", None):
        path.unlink()
        if bad is not None:
            path.write_bytes(bad)
        with pytest.raises(Corrupt, match=f"{blob}.*config/x in commit {made}"):
            repo.fresh().file(made, "config/x")


def test_changes_to_different_lines_merge() -> None:
    """Both sides' edits are kept, in any encoding and with any line ends."""
    base = b"one\r\ntwo\xff\r\nthree\r\nfour\r\nfive\r\n"
    ours, theirs = base.replace(b"one", b"ONE"), base.replace(b"five", b"FIVE")
    assert merge_file("x", base, ours, theirs) == ours.replace(b"five", b"FIVE")
    assert merge_file("x", base, base, theirs) == theirs
    with pytest.raises(Conflict, match="x was changed"):
        merge_file("x", base, ours, base.replace(b"one", b"uno"))


@pytest.mark.parametrize(
    ("ours", "theirs", "merged"),
    [
        ("c", "v", "cv"),
        ("v", "cvd", "vcd"),
        ("vc", "cvd", "vcd"),
        ("cv", "v", "cv"),
        ("cv", "vv", "cvv"),
    ],
)
def test_a_line_that_both_sides_added_is_there_once(ours: str, theirs: str, merged: str) -> None:
    """Where each side added lines of its own around it, too: a file says nothing twice that no side does."""
    sides = ["# begin\n\n" + "".join(f"{line}\n" for line in lines) for lines in ("", ours, theirs)]
    found = merge_file("x", *(side.encode() for side in sides), union=True).decode()
    assert "".join(sorted(found.split()[2:])) == "".join(sorted(merged))


def test_an_object_is_written_again_when_packing_took_its_folder() -> None:
    """git removes an empty folder of loose objects between our making it and our renaming into it."""
    failures = [pygit2.GitError("failed to rename lockfile"), OSError("No such file or directory")]

    def write() -> str:
        if failures:
            raise failures.pop()
        return "id"

    assert store(write) == "id"

    def never() -> str:
        raise OSError("No space left on device")

    with pytest.raises(Unavailable, match="No space left"):
        store(never)


@given(
    st.text(st.characters(exclude_characters="\0"), max_size=60),
    st.text(max_size=30),
    st.integers(0, 2**31 - 1),
)
def test_commits_are_stored_as_libgit2_stores_them(message: str, name: str, seconds: int) -> None:
    """The same commit made by the library has the same id, whatever a message and a name hold."""
    with tempfile.TemporaryDirectory() as folder:
        repo = StateRepo.ensure(Path(folder) / "state.git")
        tree = repo.write_tree("", {"file": NewFile(b"x"), "folder/file": NewFile(b"y")})
        time = datetime.fromtimestamp(seconds, UTC)
        ours = repo.write_commit(tree, (), message, Person(name), time)
        library = pygit2.Repository(str(repo.path))
        author, committer = (
            pygit2.Signature(*signature_parts(person), seconds, 0, "utf-8")
            for person in (Person(name), SERVER)
        )
        text = message.encode("utf-8", "replace")
        theirs = library.create_commit(None, author, committer, text, pygit2.Oid(hex=tree), [])
        assert ours == str(theirs)


def test_a_parent_that_was_cut_off_is_told(repo: StateRepo) -> None:
    """A commit on top of it is refused at once; the library itself would never come back."""
    tree = repo.write_tree("", {"file": NewFile(b"x")})
    time = datetime(2026, 11, 22, tzinfo=UTC)
    parent = repo.write_commit(tree, (), "One " * 300, SERVER, time)
    path = repo.path / "objects" / parent[:2] / parent[2:]
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(Corrupt, match="damaged"):
        repo.write_commit(tree, (parent,), "Two", SERVER, time)
