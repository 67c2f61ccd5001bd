"""The first start with files that are there already, and with ids of one's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from controlplane.cli.setup.passwords import hash_password
from tests.integration.server import Server

VOLUME = "/tmp/docker-mailserver"
NAMES = ("plain@example.test", "o'neil+x@example.test", "a!#$%&'*+-=?^_`{}~b@example.test")


@pytest.mark.shows("usage", "optional-config")
def test_a_filled_volume_serves_from_the_first_moment(fresh: Callable[..., Server], tmp_path: Path) -> None:
    """One apply, one ready line; all signs of an address can log in; an old key file is replaced."""
    folder = tmp_path / "config"
    (folder / "gitops").mkdir(parents=True)
    hashed = hash_password("secret")
    (folder / "postfix-accounts.cf").write_text("".join(f"{name}|{hashed}\n" for name in NAMES))
    (folder / "gitops/recipient.txt").write_text("age1old\n")
    ids = {"ENABLE_RSPAMD": "0", "DMS_VMAIL_UID": "5005", "DMS_VMAIL_GID": "5006", "ENABLE_SRS": "1"}
    server = fresh(ids, volumes={str(folder): VOLUME})

    said = server.container.logs().decode()
    assert said.count("is up and running") == 1
    assert said.count("agent: applied release=") == 1
    assert "ENABLE_SRS" in next(line for line in said.splitlines() if "not supported yet" in line)
    assert "age1old" not in server.must("cat", f"{VOLUME}/gitops/recipient.txt")
    assert not server.log("--kind", "edit.refused")
    for name in NAMES:
        with server.imap(f'"{name}"', "secret") as session:  # a quoted string: these are no atom
            assert session.select("INBOX")[0] == "OK"
    server.wait_for_mail(NAMES[0], server.deliver(NAMES[0]), password="secret")
    places = ("/var/mail", "/var/mail/example.test", "/var/mail/example.test/plain")
    assert set(server.must("stat", "-c", "%u:%g", *places).split()) == {"5005:5006"}

    server.run("bash", "-c", "kill -9 $(supervisorctl pid mail-agent)")
    server.wait_healthy()
    server.container.restart(timeout=20)
    server.wait_healthy()
    assert server.container.logs().decode().count("is up and running") == 2
