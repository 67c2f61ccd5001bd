"""Files of conf.d as Dovecot reads them: links, and translations of what is written for 2.3."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.commands import Ran
from agent.files import staged_tree
from agent.files.staged_tree import StagedTree
from agent.release.manifest import EMPTY, Release
from renderers.dovecot.mounted import translated
from services.dovecot import check as checking
from services.dovecot import served_files
from services.dovecot.served_files import CONF_D, LINES, SERVED, Texts, lay_out, mounted, own_line
from wire.manifest import Action, Entry

OLD = "# mine\nplugin {\n fts_autoindex = yes\n}\nreplication_max_conns = 3\n"
NEW = "fts_autoindex = yes\n"


def answers(texts: Texts) -> Mapping[str, Any]:
    """What the control plane answers, without its process."""
    return translated(dict(texts))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A server with a file of ours, one for 2.4 and one for 2.3."""
    (tmp_path / CONF_D).mkdir(parents=True)
    for name, text in {"10-auth.conf": "ours\n", "10-new.conf": NEW, "10-old.conf": OLD}.items():
        (tmp_path / CONF_D / name).write_text(text)
    return tmp_path


def test_links_and_translations(root: Path) -> None:
    """Every file has its name there; only what is for 2.3 is another text. A second time nothing changes."""
    found = lay_out(root, {f"{CONF_D}/10-auth.conf"}, answers)
    place = root / SERVED
    assert found.changed
    assert {path.name for path in place.iterdir()} == {"10-auth.conf", "10-new.conf", "10-old.conf", LINES}
    assert str((place / "10-auth.conf").readlink()) == "../conf.d/10-auth.conf"
    assert (place / "10-new.conf").read_text() == NEW
    assert "\nfts_autoindex = yes\n" in (place / "10-old.conf").read_text()
    assert not lay_out(root, {f"{CONF_D}/10-auth.conf"}, answers).changed


def test_what_is_left_out_is_told_with_its_line(root: Path) -> None:
    """With the file's own line, and what to do."""
    (problem,) = lay_out(root, (), answers).left_out
    assert (problem.path, problem.line) == (f"{CONF_D}/10-old.conf", 5)
    assert "doveadm sync" in problem.message


def test_what_is_ours_is_not_looked_into(root: Path) -> None:
    """No process is started where nothing is mounted."""
    asked: list[Texts] = []

    def ask(texts: Texts) -> Mapping[str, Any]:
        asked.append(texts)
        return {}

    lay_out(root, {f"{CONF_D}/{name}" for name in ("10-auth.conf", "10-new.conf", "10-old.conf")}, ask)
    assert asked == []


def test_files_come_and_go(root: Path) -> None:
    """One that was translated becomes a link when it is written anew; one that is gone leaves nothing."""
    lay_out(root, (), answers)
    (root / CONF_D / "10-old.conf").write_text(NEW)
    (root / CONF_D / "10-new.conf").unlink()
    assert lay_out(root, (), answers).changed
    assert (root / SERVED / "10-old.conf").is_symlink()
    assert not (root / SERVED / "10-new.conf").is_symlink()


def test_the_images_link_gives_way(root: Path) -> None:
    """Nothing is written to what it leads to."""
    (root / SERVED).symlink_to("conf.d")
    lay_out(root, (), answers)
    assert not (root / SERVED).is_symlink()
    assert (root / CONF_D / "10-old.conf").read_text() == OLD
    assert not (root / CONF_D / LINES).exists()


def test_a_secret_stays_as_readable_as_it_was(root: Path) -> None:
    """The translation has the mode of its file."""
    (root / CONF_D / "10-old.conf").chmod(0o600)
    lay_out(root, (), answers)
    assert (root / SERVED / "10-old.conf").stat().st_mode & 0o777 == 0o600


def test_without_an_answer_files_are_read_as_they_are(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And it is told."""
    monkeypatch.setattr(served_files, "run", lambda *_, **__: Ran(127, ""))
    served_files.ask.cache_clear()
    found = lay_out(root, {f"{CONF_D}/10-auth.conf"})
    assert (root / SERVED / "10-old.conf").is_symlink()
    assert {problem.path for problem in found.left_out} == {f"{CONF_D}/10-new.conf", f"{CONF_D}/10-old.conf"}


def test_lines_are_those_of_the_file(root: Path) -> None:
    """Of a link too; what lies elsewhere is as it was."""
    lay_out(root, (), answers)
    rows = (root / SERVED / "10-old.conf").read_text().splitlines()
    assert own_line(root, f"{SERVED}/10-old.conf", rows.index("fts_autoindex = yes") + 1) == (
        f"{CONF_D}/10-old.conf",
        3,
    )
    assert own_line(root, f"{SERVED}/10-new.conf", 1) == (f"{CONF_D}/10-new.conf", 1)
    assert own_line(root, "etc/dovecot/local.conf", 7) == ("etc/dovecot/local.conf", 7)


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("doveconf: Fatal: Error in configuration file {}/10-old.conf line 4: Unknown setting", 5),
        ("plugin: there is none\n", 0),
    ],
)
def test_the_check_names_the_mounted_file(
    root: Path, monkeypatch: pytest.MonkeyPatch, said: str, line: int
) -> None:
    """In the staged tree the same folder is laid out; a complaint has the path and line that people know."""
    monkeypatch.setattr(checking, "lay_out", lambda where, ours: lay_out(where, ours, answers))
    with StagedTree(root, root / "run", lambda _: b"", EMPTY, Release("", 0)) as staged:
        staged.build("dovecot", "etc/dovecot")
        staged.path(checking.CONFIG).touch()
        text = said.format(staged.path(SERVED))
        monkeypatch.setattr(checking, "run", lambda *_: Ran(89, text))
        (problem,) = checking.check_dovecot(staged)
        assert {path for path, _ in mounted(staged.folder)} >= {f"{SERVED}/10-old.conf"}
    where = (f"{CONF_D}/10-old.conf", line) if line else (checking.CONFIG, 0)
    assert (problem.path, problem.line) == where


def test_a_plugin_is_found_in_the_mounted_file(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What doveconf does not follow, too."""
    (root / CONF_D / "10-new.conf").write_text("# first\nmail_plugins {\n  fts_lucene = yes\n}\n")
    monkeypatch.setattr(checking, "lay_out", lambda where, ours: lay_out(where, ours, answers))
    monkeypatch.setattr(checking, "run", lambda *_: Ran(0, "mail_plugins {\n  fts_lucene = yes\n}\n"))
    with StagedTree(root, root / "run", lambda _: b"", EMPTY, Release("", 0)) as staged:
        staged.build("dovecot", "etc/dovecot")
        staged.path(checking.CONFIG).touch()
        (problem,) = checking.check_dovecot(staged)
    assert (problem.path, problem.line) == (f"{CONF_D}/10-new.conf", 3)


def test_a_staged_tree_has_what_is_mounted(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the place of the file of the release that it stands in for."""
    path = f"{CONF_D}/10-auth.conf"
    monkeypatch.setattr(staged_tree, "mount_points", lambda _root: {path})
    release = Release(
        "", 0, files={path: Entry(path, ("dovecot",), Action.RELOAD, 0o644, "root:root", identity="x")}
    )
    with StagedTree(root, root / "run", lambda _: b"release\n", EMPTY, release) as staged:
        staged.build("dovecot", "etc/dovecot")
        assert staged.path(path).read_text() == "ours\n"
