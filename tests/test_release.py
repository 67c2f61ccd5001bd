"""Releases and previews."""

from __future__ import annotations

import json
import subprocess

import pytest

from controlplane.errors import Conflict, Corrupt, NotFound, Unavailable
from controlplane.git import FILE, LARGE, SERVER, StateRepo
from controlplane.intake.trees import tree_id
from controlplane.release import Basis, FileChange, Releases, line_changes
from tests.change_sets import BEGIN
from wire.parts import Parted, parted


def nodes(**files: bytes) -> dict[str, dict[str, tuple[bytes, int]]]:
    """The tree of the one node, with a manifest."""
    manifest = json.dumps({"format": 1, "files": {k: {} for k in sorted(files)}}).encode()
    return {"mail": {"manifest.json": (manifest, FILE)} | {f"etc/{k}": (v, FILE) for k, v in files.items()}}


def basis(position: int) -> Basis:
    """What a release at this position was rendered from."""
    return Basis(position, f"{position:040x}", "a" * 40, "0.1.0")


def test_releases_are_numbered_and_say_what_they_stem_from(repo: StateRepo) -> None:
    """Number, position and commits come back, and a manifest can be read."""
    releases = Releases(repo)
    assert releases.newest() is None
    first = releases.write(nodes(a=b"1", b=b"2"), basis(3), BEGIN)
    second = releases.write(nodes(a=b"1", c=b"3"), basis(4), BEGIN)
    assert (first.number, second.number) == (1, 2)
    assert releases.newest() == second
    assert second.basis == basis(4)
    assert [r.number for r in releases.newest_first()] == [2, 1]
    assert releases.by_number(1) == first
    assert releases.manifest(first, "mail")["files"] == {"a": {}, "b": {}}
    assert list(repo.files(second.commit)) == ["mail/etc/a", "mail/etc/c", "mail/manifest.json"]
    for missing in (0, 3):
        with pytest.raises(NotFound):
            releases.by_number(missing)


def test_an_identical_tree_makes_no_release(repo: StateRepo) -> None:
    """A change that no service sees leaves `rendered` alone."""
    releases = Releases(repo)
    first = releases.write(nodes(a=b"1"), basis(1), BEGIN)
    assert releases.write(nodes(a=b"1"), basis(2), BEGIN) == first
    assert repo.refs.get("rendered") == first.commit


def test_only_changed_files_are_written(repo: StateRepo) -> None:
    """A release of many files costs objects for what differs: blob, the folders above it, the commit."""
    releases = Releases(repo)
    files = {f"f{number}": b"%d" % number for number in range(200)}
    releases.write(nodes(**files), basis(1), BEGIN)
    before = count_objects(repo)
    releases.write(nodes(**(files | {"f7": b"x"})), basis(2), BEGIN)
    assert count_objects(repo) - before == 5


def count_objects(repo: StateRepo) -> int:
    """Loose objects in the repository."""
    command = ["git", "--git-dir", str(repo.path), "count-objects"]
    return int(subprocess.run(command, capture_output=True, check=True).stdout.split()[0])


def test_a_preview_is_replaced_and_dropped(repo: StateRepo) -> None:
    """A branch has one preview, on top of the newest release, that never becomes one."""
    releases = Releases(repo)
    base = releases.write(nodes(a=b"1"), basis(1), BEGIN)
    for content in (b"2", b"3"):
        shown = releases.preview("team/tls", nodes(a=content), basis(1), BEGIN)
    assert repo.refs.get("preview/team/tls") == shown.commit
    assert repo.commit_info(shown.commit).parent == base.commit
    assert shown.number == 0
    assert releases.newest() == base
    releases.drop_preview("team/tls")
    releases.drop_preview("team/tls")
    assert repo.refs.get("preview/team/tls") == ""


def test_a_diff_counts_lines(repo: StateRepo) -> None:
    """Every file that differs is named with added and removed lines; manifests are not for people."""
    releases = Releases(repo)
    old = releases.tree(nodes(a=b"1\n2\n", b=b"x\n", same=b"s"))
    new = releases.tree(nodes(a=b"1\n3\n4\n", c=b"y\n", same=b"s"), old)
    assert releases.diff(old, new) == (
        FileChange("mail/etc/a", 2, 1),
        FileChange("mail/etc/b", 0, 1),
        FileChange("mail/etc/c", 1, 0),
    )
    assert releases.diff(new, new) == ()
    assert len(releases.diff("", new)) == 3


def rows(count: int) -> bytes:
    """A table that is large enough to be kept in parts."""
    return b"".join(b"%064x user%d@example.test\n" % (number * 7919, number) for number in range(count))


def test_large_files_are_stored_in_parts(repo: StateRepo) -> None:
    """A change costs the part that it is in; people and code get the whole file."""
    releases = Releases(repo)
    before = parted(rows(12_000))
    first = releases.write(large_node(before), basis(1), BEGIN)
    objects = count_objects(repo)
    after = parted(before.content.replace(b"user7000@", b"other@"), before)
    releases.begin(large_node(after))
    second = releases.write(large_node(after), basis(2), BEGIN)
    # the part, its folder, etc, mail, the root, the manifest with its size, and the commit
    assert count_objects(repo) - objects == 7
    assert repo.file(second.commit, "mail/etc/table/0000") == after.content[: after.ends[0]]
    files = releases.files(second.tree)
    assert releases.content(files, "mail/etc/table") == after.content
    assert list(files) == ["mail/etc/table", "mail/manifest.json"]
    assert releases.diff(first.tree, second.tree) == (FileChange("mail/etc/table", 1, 1),)
    assert tree_id(large_node(after)) == second.tree


def test_files_become_large_and_small_again(repo: StateRepo) -> None:
    """A folder takes the place of a file, and the other way round."""
    releases, large = Releases(repo), parted(rows(12_000))
    small = {"mail": {"manifest.json": (b'{"files": {"etc/table": {}}}', FILE), "etc/table": (b"1\n", FILE)}}
    trees = [releases.write(each, basis(1), BEGIN).tree for each in (small, large_node(large), small)]
    assert trees[0] == trees[2]
    assert releases.diff(trees[0], trees[1]) == (FileChange("mail/etc/table", 12_000, 1),)
    assert Releases(repo).tree(large_node(large), trees[2]) == trees[1]


def large_node(table: Parted) -> dict[str, dict[str, tuple[bytes | Parted, int]]]:
    """The tree of the one node with a large table."""
    manifest = json.dumps({"format": 2, "files": {"etc/table": {"parts": table.sizes}}}).encode()
    return {"mail": {"manifest.json": (manifest, FILE), "etc/table": (table, FILE)}}


def test_big_files_are_compared_quickly() -> None:
    """One line in a hundred thousand, or all of them, costs no more than reading them."""
    big = b"".join(b"user%d@example.test\n" % number for number in range(100_000))
    assert line_changes(big, big.replace(b"user500@", b"other@")) == (1, 1)
    assert line_changes(big, big.replace(b"user", b"USER")) == (100_000, 100_000)
    assert line_changes(b"", big) == (100_000, 0)


def test_what_is_no_release_is_corrupt(repo: StateRepo) -> None:
    """A commit that somebody put on `rendered` by hand is reported by its id."""
    made = repo.commit("rendered", "", repo.write_tree("", {}), "by hand\n", SERVER, BEGIN)
    with pytest.raises(Corrupt, match=made):
        Releases(repo).newest()
    with pytest.raises(Conflict):
        repo.commit("rendered", "", repo.write_tree("", {}), "again\n", SERVER, BEGIN)


def test_large_files_are_stored_ahead(repo: StateRepo) -> None:
    """What was begun is used by the release, and by no other content."""
    releases, other = Releases(repo), Releases(repo)
    large = b"x" * LARGE
    files = nodes(a=large, b=b"small")
    releases.begin(files)
    assert repo.blob(releases._beside[0].result()) == large
    written = repo.large_written
    release = releases.write(files, basis(1), BEGIN)
    assert repo.large_written == written
    assert repo.file(release.commit, "mail/etc/a") == large
    assert other.tree(nodes(a=large, b=b"small")) == release.tree
    releases.begin(files)
    assert releases.tree(nodes(a=large + b"y", b=b"small")) != release.tree


def test_what_cannot_be_stored_ahead_fails_where_it_is_needed(
    repo: StateRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is told by the write that needs the file."""
    releases = Releases(repo)
    files = nodes(a=b"x" * LARGE)

    def full(*_: object) -> str:
        raise Unavailable("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(repo, "write_blob", full)
        releases.begin(files)
        assert releases._beside[0].result() == ""
    assert repo.file(releases.write(files, basis(1), BEGIN).commit, "mail/etc/a") == b"x" * LARGE
