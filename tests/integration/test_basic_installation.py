"""The commands of a first installation, as people copy them."""

from __future__ import annotations

import docker
import pytest

from tests.integration.conftest import IMAGE
from tests.integration.server import Server

EXTERNAL = "external-account@gmail.com"
ACCOUNTS = ("admin@example.com", "info@example.com")


@pytest.mark.shows("basic-installation", "setup alias add", "setup alias list", "setup email list")
def test_mail_for_accounts_goes_on_elsewhere(server: Server) -> None:
    """An alias of an account's own name redirects its mail; both are listed, and taken back."""
    for account in ACCOUNTS:
        server.must("setup", "email", "add", account, "passwd123")
        server.must("setup", "alias", "add", account, EXTERNAL)
    listed = server.must("setup", "email", "list")
    aliases = server.must("setup", "alias", "list")
    for account in ACCOUNTS:
        assert f"* {account}" in listed
        assert f"* {account} {EXTERNAL}" in aliases
        assert server.must("postmap", "-q", account, "lmdb:/etc/postfix/virtual").strip() == EXTERNAL
    for account in ACCOUNTS:
        server.must("setup", "alias", "del", account, EXTERNAL)
        server.must("setup", "email", "del", "-y", account)
    assert EXTERNAL not in server.must("setup", "alias", "list")


@pytest.mark.shows("docker-build")
def test_the_image_says_what_it_is(engine: docker.DockerClient) -> None:
    """It is built here, and scripts on the host find its containers by its labels."""
    labels = engine.images.get(IMAGE).labels
    assert labels["org.opencontainers.image.title"] == "git-mailserver"
    assert labels["org.opencontainers.image.version"]
