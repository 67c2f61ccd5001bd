"""`mailctl dovecot upgrade`: the files on `main` in Dovecot 2.4's form."""

from __future__ import annotations

import pytest

from controlplane.errors import Refused
from tests.daemon.site import Site

OWN, MOUNTED = "config/dovecot.cf", "config/dovecot/10-plugin.conf"


def _show(site: Site, path: str) -> str:
    return site.git("show", f"main:{path}", cwd=site.repository).stdout


def test_files_of_2_3_are_written_for_2_4(site: Site) -> None:
    """One change set with its reason; comments stay, and a second time there is nothing to do."""
    clone = site.clone()
    clone.change(OWN, "# mine\ndisable_plaintext_auth = no\n")
    clone.change(MOUNTED, "plugin {\n  fts_autoindex = yes\n}\n")
    change = site.ask("edit", command="dovecot.upgrade", reason="new Dovecot")
    assert change["position"]
    assert _show(site, OWN) == "# mine\nauth_allow_cleartext = yes\n"
    assert _show(site, MOUNTED) == "fts_autoindex = yes\n"
    (entry,) = site.ask("log", limit=1)["entries"]
    assert entry["reason"] == "new Dovecot"
    assert not site.ask("edit", command="dovecot.upgrade")["position"]
    site.must_agree()


def test_what_has_no_equivalent_keeps_the_files_as_they_are(site: Site) -> None:
    """All of its lines are named, and nothing is changed."""
    clone = site.clone()
    clone.change(MOUNTED, "plugin {\n  fts_autoindex = yes\n  quota_grace = 10%%\n}\n")
    with pytest.raises(Refused) as refused:
        site.ask("edit", command="dovecot.upgrade")
    assert [(problem.path, problem.line) for problem in refused.value.problems] == [(MOUNTED, 3)]
    assert "quota_grace = 10%%" in _show(site, MOUNTED)


def test_a_push_of_a_line_without_equivalent_is_refused(site: Site) -> None:
    """With its line and what to do; the next push has the plan with old and new."""
    clone = site.clone()
    pushed = clone.change(OWN, "ssl = yes\nplugin {\n  quota_grace = 10%%\n}\n")
    assert pushed.returncode
    assert "config/dovecot.cf:3" in pushed.stderr
    assert "quota_storage_grace" in pushed.stderr
    clone.write(OWN, "")
    pushed = clone.change(OWN, "disable_plaintext_auth = no\n")
    assert not pushed.returncode, pushed.stderr
    assert "disable_plaintext_auth = no → auth_allow_cleartext = yes" in pushed.stderr
