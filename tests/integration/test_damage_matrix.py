"""Whatever part of the state volume is damaged: mail is served, nothing is lost, and status says so."""

from __future__ import annotations

import json
from collections.abc import Iterator

import docker
import pytest
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

from tests.integration import scripts
from tests.integration.conftest import IMAGE, started
from tests.integration.damage import page
from tests.integration.damage.cases import CASES, Case
from tests.integration.damage.volume import Bench
from tests.integration.polling import poll
from tests.integration.server import PASSWORD, Server

USERS = ("one@example.test", "two@example.test", "three@example.test")
ALIAS = "info@example.test"


@pytest.fixture(scope="module")
def bench(engine: docker.DockerClient, network: Network, resolver: str) -> Iterator[Bench]:
    """A server with three accounts and an alias, its state remembered, down."""
    places = ("/var/mail", "/var/mail-state", "/tmp/docker-mailserver")
    volumes = {engine.volumes.create().name: place for place in places}
    tools = DockerContainer(IMAGE).with_command("sleep infinity")
    tools.with_kwargs(entrypoint="", init=True, **scripts.NO_SERVER)
    for volume, place in volumes.items():
        tools.with_volume_mapping(volume, place, "rw")
    try:
        with (
            tools,
            started(engine, network, resolver, {"ENABLE_RSPAMD": "0"}, volumes=volumes) as server,
        ):
            for user in USERS:
                server.add_account(user)
            server.must("setup", "alias", "add", ALIAS, USERS[0])
            server.must("setup", "alias", "add", f"old-{ALIAS}", USERS[1])
            server.must("setup", "alias", "del", f"old-{ALIAS}", USERS[1])
            server.must("mailctl", "log")  # there is a read model from now on
            server.container.restart(timeout=30)  # and a snapshot
            server.wait_healthy()
            server.wait_for_mail(USERS[0], server.deliver(USERS[0]))
            made = Bench(server, tools.get_wrapped_container())
            server.container.stop(timeout=30)
            made.keep()
            yield made
    finally:
        for name in volumes:
            engine.volumes.get(name).remove(force=True)


@pytest.fixture(scope="module")
def found(request: pytest.FixtureRequest) -> Iterator[dict[Case | str, str]]:
    """The verdicts as they come, `last` the newest; the page is written from them where that is asked for."""
    rows: dict[Case | str, str] = {}
    yield rows
    if request.config.getoption("--update-golden") and all(case in rows for case in CASES):
        page.PAGE.write_text(page.page(rows), "utf-8")


def serves(server: Server) -> bool:
    """Whether people are served: every account logs in, mail to them is taken, other mail is not."""
    for user in USERS:
        with server.imap(user, PASSWORD):
            pass
    with server.smtp() as session:
        session.ehlo()
        session.mail("someone@sender.test")
        answers = [session.rcpt(each) for each in (*USERS, ALIAS, "nobody@example.test")]
    assert [code for code, _ in answers] == [250] * (len(USERS) + 1) + [550], answers
    return True


def nothing_is_lost(server: Server) -> None:
    """Every account and alias is what the control plane knows, as far as it can say, and what serves."""
    server.wait_for_mail(USERS[1], server.deliver(USERS[1]))
    listed = server.run("mailctl", "show", "--json")
    if listed.returncode == 0:
        state = json.loads(listed.stdout)
        assert set(USERS) <= set(state["accounts"])
        assert ALIAS in [row["alias"] for row in state["aliases"]]


def takes_or_refuses_changes(server: Server, alias: str) -> None:
    """A change is made and serves, or is refused in words that end in a cure; it is never a bug."""
    done = server.run("setup", "alias", "add", alias, USERS[2])
    assert done.returncode in (0, 1), f"{done.stderr}\n{server.container.logs(tail=40).decode()}"
    if done.returncode == 0:
        with server.smtp() as session:
            session.ehlo()
            session.mail("someone@sender.test")
            assert session.rcpt(alias)[0] == 250
    else:
        assert "bug" not in done.stderr, done.stderr


def judged(server: Server, known: list[object]) -> str:
    """What the server says of itself; it has to answer whatever is damaged."""
    verified = server.run("mailctl", "verify")
    assert verified.returncode in (0, 1), f"{verified.stderr}\n{server.container.logs(tail=40).decode()}"
    server.must("mailctl", "log")
    status = server.status()
    repairs = [each for each in status.get("repairs") or () if each not in known]
    return page.verdict(status | {"repairs": repairs}, verified.returncode == 0)


def put_back(bench: Bench) -> None:
    """The volume as it was, and a server that is down."""
    bench.server.container.reload()
    if bench.server.container.status == "running":
        bench.server.container.kill()
    bench.restore()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_mail_is_served_whatever_is_damaged(bench: Bench, found: dict[Case | str, str], case: Case) -> None:
    """Log-ins, delivery and refusals work, nothing is lost, and what is wrong is mended or named."""
    server, known = bench.server, []
    if case.moment == "at start":
        put_back(bench)
        bench.inflict(case)
        server.container.start()
        poll(lambda: serves(server), "mail is served", 15, every=0.1)
    else:
        if found.get("last") not in ("whole", "mended") or not bench.has(case):
            put_back(bench)
            server.container.start()
        poll(lambda: serves(server) and server.status()["healthy"], "all is well", 15, every=0.1)
        known = server.status().get("repairs") or []
        bench.inflict(case)
        assert serves(server)
    found["last"] = "failed"
    takes_or_refuses_changes(server, f"{len(found)}.{ALIAS}")
    assert serves(server)
    nothing_is_lost(server)
    found[case] = words = judged(server, known)
    found["last"] = words
    assert words, server.status()
