"""Settings of Postfix that strangers on port 25 notice, and where mail goes from there."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import docker
import pytest
from docker.models.containers import Container
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

from tests.integration import clients, scripts
from tests.integration.conftest import IMAGE, started
from tests.integration.edits import ENV, put, set_to
from tests.integration.polling import poll
from tests.integration.server import Clone, Server

USER = "user@example.com"
OWN = "config/dovecot.cf"
LOG = "/var/log/mail/mail.log"
LISTINGS: Mapping[str, Mapping[str, str]] = {
    "named": {},
    "nameless": {},
    "listed": {"zen.spamhaus.org": "127.0.0.4"},
    "listed twice": {"bl.mailspike.net": "127.0.0.2", "b.barracudacentral.org": "127.0.0.2"},
    "suspected": {"bl.spamcop.net": "127.0.0.2", "psbl.surriel.com": "127.0.0.2"},
    "vouched for": {
        "bl.mailspike.net": "127.0.0.2",
        "b.barracudacentral.org": "127.0.0.2",
        "list.dnswl.org": "127.0.5.1",
    },
    "asked too often": {"zen.spamhaus.org": "127.255.255.255"},
}
"""Clients, and what DNS block lists answer about them. The first has a name in DNS, too."""
REFUSED = ("listed", "listed twice")
HASTY = "hasty"
"""One more that is on no list. It is never polite: postscreen remembers for a day who was."""
STORE = "store.friends.test"
"""A name for 127.0.0.1 of whoever asks."""


@dataclass(frozen=True)
class Strangers:
    """A container that is the name server, and the clients by their addresses."""

    container: Container
    network: Network
    addresses: Mapping[str, str]

    @property
    def resolver(self) -> str:
        """Its address as a name server."""
        self.container.reload()
        return str(self.container.attrs["NetworkSettings"]["Networks"][self.network.name]["IPAddress"])

    def hear(self, server: Server, names: Iterable[str], when: str = "polite") -> dict[str, str]:
        """What each of these clients hears last on its way to a mailbox of the server."""
        server.container.reload()
        place = server.container.attrs["NetworkSettings"]["Networks"][self.network.name]["IPAddress"]
        mine = {self.addresses[name]: name for name in names}
        said = self.run(*scripts.command("talker.py", place, USER, when, *mine))
        return {mine[address]: heard for address, heard in json.loads(said).items()}

    def run(self, *command: str) -> str:
        """A command in their container, which has to succeed."""
        code, output = self.container.exec_run(list(command))
        assert isinstance(output, bytes)
        assert code == 0, f"{command}: {output.decode()}"
        return output.decode()


@pytest.fixture(scope="module")
def strangers(engine: docker.DockerClient, network: Network) -> Iterator[Strangers]:
    """They use the last addresses of the network, which the engine gives to nobody."""
    subnet = ipaddress.ip_network(engine.networks.get(str(network.id)).attrs["IPAM"]["Config"][0]["Subnet"])
    addresses = {name: str(subnet[-2 - number]) for number, name in enumerate((*LISTINGS, HASTY))}
    hosts = [f"{STORE}=127.0.0.1"]
    for name, lists in LISTINGS.items():
        backwards = ".".join(reversed(addresses[name].split(".")))
        hosts += [f"{backwards}.{zone}={answer}" for zone, answer in lists.items()]
    made = (
        DockerContainer(IMAGE)
        .with_network(network)
        .with_command(scripts.command("dns_responder.py", addresses["named"], *hosts))
        .with_kwargs(cap_add=["NET_ADMIN"], **scripts.NO_SERVER)
    )
    for place, inside in (scripts.mounts("dns_responder.py") | scripts.mounts("talker.py")).items():
        made.with_volume_mapping(place, inside, "ro")
    with made:
        found = Strangers(made.get_wrapped_container(), network, addresses)
        poll(lambda: b"answering" in found.container.logs(), "the name server answers", 20)
        for address in addresses.values():
            found.run("ip", "address", "add", f"{address}/{subnet.prefixlen}", "dev", "eth0")
        yield found


@pytest.fixture(scope="module")
def visited(engine: docker.DockerClient, network: Network, strangers: Strangers) -> Iterator[Server]:
    """The server that they talk to, with one account."""
    settings = {"ENABLE_RSPAMD": "0", "ENABLE_CLAMAV": "0"}
    with started(engine, network, strangers.resolver, settings) as server:
        server.add_account(USER)
        yield server


@pytest.fixture
def clone(visited: Server, tmp_path: Path) -> Iterator[Clone]:
    """A clone of its state repo; the settings are what they were afterwards."""
    made = visited.clone(tmp_path / "mail-state")
    env = (made.path / ENV).read_text()
    yield made
    made.back()
    if (made.path / ENV).read_text() != env:
        put(visited, made, {ENV: env})


@pytest.mark.shows("POSTSCREEN_ACTION")
@pytest.mark.parametrize(
    ("action", "code", "logged"),
    [
        ("ignore", "250", r"DNSBL rank 3 for \[{listed}\]"),
        ("drop", "521", r"PREGREET \d+ after \S+ from \[{hasty}\]"),
        ("enforce", "550", r"reject: RCPT from \[{hasty}\]:\d+: 550 .*; from=<a@sender\.test>, to=<{user}>"),
    ],
    ids=["ignore", "drop", "enforce"],
)
def test_the_action_for_clients_that_fail(
    visited: Server, strangers: Strangers, clone: Clone, action: str, code: str, logged: str
) -> None:
    """Who speaks before the greeting, or is listed, is served, hung up on, or refused at the recipient."""
    set_to(visited, clone, "ENABLE_DNSBL", "1")
    set_to(visited, clone, "POSTSCREEN_ACTION", action)
    heard = strangers.hear(visited, [HASTY], "early") | strangers.hear(visited, ["listed"])
    assert [heard[name][:3] for name in (HASTY, "listed")] == [code, code], heard
    polite = strangers.hear(visited, ["nameless"])
    assert polite["nameless"].startswith("250 "), polite
    words = {name: re.escape(address) for name, address in strangers.addresses.items()}
    line = re.compile(logged.format(**words, user=re.escape(USER)))
    poll(lambda: line.search(visited.must("cat", LOG)), f"{line.pattern} in the log")


@pytest.mark.shows("ENABLE_DNSBL")
def test_block_lists_are_asked(visited: Server, strangers: Strangers, clone: Clone) -> None:
    """Listed clients are refused as long as it is on; doubts, good references and errors refuse nobody."""
    set_to(visited, clone, "ENABLE_DNSBL", "1")
    heard = strangers.hear(visited, LISTINGS)
    assert {name for name, said in heard.items() if said.startswith("550 ")} == set(REFUSED), heard
    assert {name for name, said in heard.items() if said.startswith("250 ")} == LISTINGS.keys() - REFUSED
    assert "blocked using zen.spamhaus.org" in heard["listed"]
    set_to(visited, clone, "ENABLE_DNSBL", "0")
    heard = strangers.hear(visited, REFUSED)
    assert all(said.startswith("250 ") for said in heard.values()), heard


@pytest.mark.shows("POSTFIX_REJECT_UNKNOWN_CLIENT_HOSTNAME")
def test_clients_without_a_name_in_dns(visited: Server, strangers: Strangers, clone: Clone) -> None:
    """They are refused where the setting says so, which users who log in need not care about."""
    pair = ("named", "nameless")
    for value, codes in (("0", ["250", "250"]), ("1", ["250", "450"]), ("0", ["250", "250"])):
        set_to(visited, clone, "POSTFIX_REJECT_UNKNOWN_CLIENT_HOSTNAME", value)
        heard = strangers.hear(visited, pair)
        assert [heard[name][:3] for name in pair] == codes, heard
        if value == "1":
            assert "cannot find your hostname" in heard["nameless"]
            made = clients.message(USER, USER)
            with visited.submission(USER) as session:
                session.send_message(made)
            visited.wait_for_mail(USER, made)


INET = "inet_listener lmtp {\n address = 127.0.0.1\n port = PORT\n }"
UNIX = "unix_listener /var/spool/postfix/private/dovecot-lmtp {\n mode = 0600\n user = postfix\n }"


@pytest.mark.shows("POSTFIX_DAGENT")
@pytest.mark.parametrize(
    ("agent", "listener", "relay"),
    [
        ("lmtp:inet:127.0.0.1:24", INET.replace("PORT", "24"), "127.0.0.1[127.0.0.1]:24"),
        ("lmtps:inet:127.0.0.1:24", INET.replace("PORT", "24"), "127.0.0.1[127.0.0.1]:24"),
        (f"lmtp:{STORE}:2003", INET.replace("PORT", "2003"), f"{STORE}[127.0.0.1]:2003"),
        ("lmtp:unix:private/dovecot-lmtp", UNIX, "mail.example.test[private/dovecot-lmtp]"),
    ],
    ids=["inet", "encrypted", "name", "unix"],
)
def test_mail_is_stored_by_another_agent(
    visited: Server, clone: Clone, agent: str, listener: str, relay: str
) -> None:
    """Mail is handed to the server that the setting names, and to Dovecot's socket without it."""
    env = (clone.path / ENV).read_text()
    own = f"service lmtp {{\n {listener}\n}}\n"
    put(visited, clone, {ENV: f"{env}\nPOSTFIX_DAGENT={agent}\n", OWN: own})
    assert stored_by(visited, visited.deliver(USER)) == relay
    put(visited, clone, {ENV: env, OWN: ""})
    assert stored_by(visited, visited.deliver(USER)) == "mail.example.test[/var/run/dovecot/lmtp]"


def stored_by(server: Server, made: EmailMessage) -> str:
    """Who took this message from Postfix, as its log says; it is in the mailbox then."""
    server.wait_for_mail(USER, made)

    def relay() -> str:
        log = server.must("cat", LOG)
        queued = re.search(rf"(\w+): message-id={re.escape(made['Message-ID'])}", log)
        assert queued, "not in the log"
        found = re.search(rf"{queued[1]}: to=<{re.escape(USER)}>, relay=([^,]+), .*status=sent", log)
        return found[1] if found else ""

    return poll(relay, "the delivery in the log", 20)
