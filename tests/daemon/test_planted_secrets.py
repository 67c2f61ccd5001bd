"""A planted secret in each place where a reader takes one, by each way in: sealed or refused."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Mapping
from contextlib import suppress

import pytest

from controlplane.errors import MailserverError
from tests.daemon.site import Site
from tests.daemon.test_imports import ask as imported
from tests.daemon.test_secrets import from_volume
from tests.examples_of_secrets import REFUSED, SEALED, SECRET

PLACES = {path: [*SEALED.get(path, []), *REFUSED.get(path, [])] for path in {**SEALED, **REFUSED}}
MARK = SECRET.encode()


def texts(places: Mapping[str, list[str]]) -> list[tuple[str, str]]:
    """Each text with its path."""
    return [(path, text.replace("PLANTED", SECRET)) for path, given in places.items() for text in given]


def must_be_nowhere(site: Site) -> None:
    """Not in any object, reachable or not, nor in any file beside them."""
    words = ["git", f"--git-dir={site.repository}", "cat-file", "--batch-all-objects", "--batch"]
    stored = subprocess.run(words, capture_output=True, check=True, timeout=60).stdout
    assert MARK not in stored
    for path in sorted(site.places.root.rglob("*")):
        if path.is_file():
            assert MARK not in path.read_bytes(), path


def test_no_push_brings_one(site: Site) -> None:
    """To `main` or beside it: refused with the place and the cure, and the secret is not repeated."""
    clone = site.clone()
    few = {path: given[-1:] for path, given in PLACES.items()}  # the grammar itself is tested without git
    for branch, places in (("main", few), ("more", {path: given[:1] for path, given in REFUSED.items()})):
        for path, text in texts(places):
            clone.write(path, text)
            clone.commit()
            done = clone.push("origin", f"HEAD:refs/heads/{branch}")
            assert done.returncode != 0, (branch, path, text)
            assert path in done.stderr
            assert SECRET not in done.stderr
            clone.git("reset", "-q", "--hard", "HEAD~1")
            clone.git("clean", "-qfd")
    clone.write("config/postfix-sasl-password.cf", f"@d.test user: {SECRET}\n")
    clone.commit()
    clone.git("tag", "-a", "-m", "x", "v1")
    assert clone.push("origin", "v1").returncode != 0
    assert clone.push("origin", "HEAD:refs/notes/x").returncode != 0
    must_be_nowhere(site)
    site.must_agree()


def test_the_volume_brings_none(site: Site) -> None:
    """Each file is sealed on its way, or stays on the volume and is named."""
    for path, text in texts(PLACES):
        if not path.startswith("config/"):
            continue
        answer = from_volume(site, path, text)
        assert SECRET not in f"{answer}"
        name = path.removeprefix("config/")
        assert name in answer["overruled"] or name in [row["path"] for row in answer["refused"]], (path, text)
    must_be_nowhere(site)
    site.must_agree()


def test_an_import_brings_none(site: Site) -> None:
    """What cannot be sealed refuses the import."""
    for path, text in texts(PLACES):
        with suppress(MailserverError):
            if path.startswith("config/"):
                found = imported(site, {path.removeprefix("config/"): text}, replace=True)
            else:
                found = imported(site, {}, text, replace=True)
            assert SECRET not in f"{found}"
    must_be_nowhere(site)
    site.must_agree()


@pytest.mark.parametrize("name", ["RELAY_PASSWORD", "LDAP_BIND_PW", "SRS_SECRET", "SASLAUTHD_LDAP_PASSWORD"])
def test_a_command_and_the_environment_bring_none(site: Site, name: str) -> None:
    """A setting is sealed by its command, and pinned as a digest."""
    site.ask("edit", command="setting.set", name=name, value=SECRET)
    site.stop()
    site.environment |= {name: SECRET, "OAUTH2_INTROSPECTION_URL": f"https://me:{SECRET}@id.test/"}
    site.start()
    status = site.ask("status")
    assert SECRET not in f"{status}"
    assert "OAUTH2_INTROSPECTION_URL" in f"{status['environment']}"
    must_be_nowhere(site)


def test_bytes_that_are_no_text_hide_nothing(site: Site) -> None:
    """A file in another encoding is searched too; it cannot be sealed in place, so it is refused."""
    content = base64.b64encode(f"doveadm_password = {SECRET}\n# \xe4\n".encode("latin-1")).decode()
    change = {"path": "dovecot.cf", "content": content, "executable": False, "base": ""}
    answer = site.ask("agent.volume", changes=[change])
    assert [row["path"] for row in answer["refused"]] == ["dovecot.cf"]
    must_be_nowhere(site)
