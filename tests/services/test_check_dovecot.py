"""What doveconf does not follow: modules and scripts that are not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.commands import Ran
from agent.files.staged_tree import StagedTree
from agent.release.manifest import EMPTY, Release
from services.dovecot import check as checking

MODULES = ("lib10_quota_plugin.so", "lib21_fts_xapian_plugin.so", "sieve/lib90_sieve_extprograms_plugin.so")
LUA = "passdb {\n  args = file=/etc/dovecot/lua/auth.lua blocking=yes\n  driver = lua\n}\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mail_plugins = quota fts_xapian\n", ""),
        ("mail_plugins = quota fts_lucene\n", "mail_plugins: there is no plugin fts_lucene"),
        ("plugin {\n  sieve_plugins = sieve_extprograms\n}\n", ""),
        ("plugin {\n  sieve_plugins = sieve_other\n}\n", "sieve_plugins: there is no plugin sieve_other"),
        (LUA, "args: /etc/dovecot/lua/auth.lua does not exist"),
        ("passdb {\n  driver = postcards\n}\n", "driver: there is no driver postcards"),
    ],
)
def test_missing_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, found: str) -> None:
    """A plugin, driver or script that is not in the image is a problem before Dovecot meets it."""
    for name in MODULES:
        module = tmp_path / checking.MODULES / name
        module.parent.mkdir(parents=True, exist_ok=True)
        module.touch()
    monkeypatch.setattr(checking, "run", lambda *_: Ran(0, text))
    with StagedTree(tmp_path, tmp_path / "run", lambda _: b"", EMPTY, Release("", 0)) as staged:
        staged.path("etc/dovecot").mkdir(parents=True)
        staged.path(checking.CONFIG).touch()
        assert [problem.message for problem in checking.check_dovecot(staged)] == ([found] if found else [])
