"""What an override names, once its parameters are expanded, is looked for before it goes live."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.edits import live
from tests.integration.server import Clone, Server
from tests.services.breakages import POSTFIX, Breakage
from tests.services.dovecot_breakages import CASES as DOVECOT

TRIED = frozenset(
    [
        "the same, by a parameter of one's own",
        "a content filter to nowhere",
        "a policy service on a socket that is not there",
        "a policy service on a port of nobody's",
        "a transport in an inline table",
        "a table of one service",
        "a list of users that is not there",
        "mail where its owner may not write",
        "a socket for a group that nobody is in",
    ]
)
"""Of every kind one; tests/services/test_breakages.py goes through all of them, without a server."""

TABLES = """
mkdir -p /srv/tables && cd /srv/tables
printf 'example.net smtp:[192.0.2.1]\\n' > routes && postmap lmdb:routes
printf 'old@example.test new@example.test\\n' > moved && postmap hash:moved
"""
GOOD = """\
my_folder = /srv/tables
my_routes = lmdb:$my_folder/routes
transport_maps = unionmap:{texthash:${my_folder}/routes,proxy:lmdb:/srv/tables/routes} $my_routes
relocated_maps = proxy:hash:$my_folder/moved
"""


@pytest.fixture(scope="module")
def shared(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """One clone for all of this."""
    return server.clone(tmp_path_factory.mktemp("expanded") / "mail-state")


@pytest.mark.parametrize(
    "case", [case for case in (*POSTFIX, *DOVECOT) if case.what in TRIED], ids=lambda case: case.what
)
def test_it_is_refused_on_a_running_server(server: Server, shared: Clone, case: Breakage) -> None:
    """The push is refused at its line; what serves is what served."""
    shared.back()
    applied = server.status()["applied"]
    shared.write(f"config/{case.file}", case.text)
    shared.commit("A mistake")
    push = shared.push()
    assert not push.accepted, push.said
    assert f"config/{case.file}:{case.line}: " in push.said, push.said
    assert case.said in push.said
    assert "1 problem;" in push.said, push.said
    assert server.status()["applied"] == applied


@pytest.mark.shows("postfix-main.cf")
def test_what_works_goes_live(server: Server, tmp_path: Path) -> None:
    """Tables of every kind behind parameters are taken, and mail is delivered through them."""
    server.must("bash", "-euc", TABLES)
    user = server.add_account("expanded@example.test")
    clone = server.clone(tmp_path / "mail-state")
    try:
        live(server, clone.change("config/postfix-main.cf", GOOD, "Use tables of our own"))
        server.wait_for_mail(user, server.deliver(user))
        with server.smtp() as session:
            session.ehlo()
            session.mail("someone@sender.test")
            assert session.rcpt("old@example.test")[0] == 550
    finally:
        live(server, clone.change("config/postfix-main.cf", "# nothing\n", "Go back"))
