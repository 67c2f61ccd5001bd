"""The rest of the world, as a mail server sees it: a network with name server, relays and mail exchangers.

All names lead to one container (`smtp_sink.py`) that takes every message and tells who brought it, and how.
"""

from __future__ import annotations

import fcntl
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import docker
from docker.models.containers import Container
from docker.types import EndpointConfig, IPAMConfig, IPAMPool
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

from tests.integration import scripts
from tests.integration.polling import poll

SUBNETS = ("192.168.2.0/24", "fd00:cafe:face:feed::/64")
"""Those of the reference's guides to relaying and to IPv6."""
LABEL = "git-mailserver-test"
NAMES = (
    *("smtp.mailgun.org", "smtp.sendgrid.net", "email-smtp.us-west-2.amazonaws.com", "smtp.gmail.com"),
    *("gmail.com", "friends.test", "mail.example.com", "example.com", "domain1.com", "domain2.com"),
)
PORTS = ("25", "587", "2525", "2587")


@dataclass(frozen=True)
class Outside:
    """The network and the two containers on it. Other containers get their addresses by `at`."""

    network: Network
    resolver: str
    sink: Container

    GATEWAY: ClassVar[str] = "192.168.2.1"
    PUBLIC: ClassVar[str] = "192.168.2.2"
    PRIVATE: ClassVar[str] = "192.168.2.3"
    SINK: ClassVar[str] = "192.168.2.10"
    RESOLVER: ClassVar[str] = "192.168.2.53"

    def at(self, address: str, address6: str = "") -> dict[str, Any]:
        """Options of a container with this address."""
        return {"networking_config": _endpoint(self.network, address, address6), "cap_add": ["NET_ADMIN"]}

    def taken(self, subject: str) -> list[Mapping[str, Any]]:
        """The messages with this subject that were taken so far."""
        rows = [line for line in self.sink.logs(stderr=False).decode().splitlines() if line.startswith("{")]
        return [found for found in map(json.loads, rows) if f"Subject: {subject}\r\n" in found["text"]]

    def wait_for(self, subject: object, many: int = 1) -> list[Mapping[str, Any]]:
        """The messages with this subject, once there are so many."""

        def arrived() -> list[Mapping[str, Any]]:
            found = self.taken(str(subject))
            return found if len(found) >= many else []

        return poll(arrived, f"{many} outside", 30, every=0.1)

    def run(self, *command: str) -> str:
        """A command on the outside machine, which has to succeed."""
        code, output = self.sink.exec_run(list(command))
        assert code == 0, f"{command}: {output.decode()}"
        return str(output.decode())

    def tries(self, server: str, sender: str, recipient: str) -> str:
        """What a server says to this recipient, asked from the outside machine on port 25."""
        script = (
            "import smtplib, sys\n"
            "with smtplib.SMTP(sys.argv[1], 25, local_hostname='mx.sender.test', timeout=20) as s:\n"
            "    s.ehlo(); s.mail(sys.argv[2]); print(*s.rcpt(sys.argv[3]))\n"
        )
        return self.run("python3", "-c", script, server, sender, recipient)


def _endpoint(network: Network, address: str, address6: str = "") -> dict[str, EndpointConfig]:
    return {network.name: EndpointConfig("1.41", ipv4_address=address, ipv6_address=address6 or None)}


def _sweep() -> None:
    """Remove what a killed run left: the addresses of the guides are there once."""
    for left in docker.from_env().networks.list(filters={"label": LABEL}):
        with suppress(docker.errors.APIError):  # somebody uses it
            left.remove()


@contextmanager
def outside_world(image: str) -> Iterator[Outside]:
    """Make it, and remove it at the end. Its addresses can be there once: others wait for their turn."""
    pools = [IPAMPool(subnet=subnet) for subnet in SUBNETS]
    options = {"ipam": IPAMConfig(pool_configs=pools), "enable_ipv6": True, "labels": {LABEL: "outside"}}
    hosts = [f"{name}={Outside.SINK}" for name in NAMES]
    with ExitStack() as stack:
        turn = stack.enter_context(Path(tempfile.gettempdir(), f"{LABEL}-outside.lock").open("w"))
        fcntl.flock(turn, fcntl.LOCK_EX)
        _sweep()
        network = stack.enter_context(Network(docker_network_kw=options))

        def run(script: str, arguments: Iterable[str], address: str) -> Container:
            made = DockerContainer(image).with_network(network)
            made.with_command(scripts.command(script, *arguments))
            for place, inside in scripts.mounts(script).items():
                made.with_volume_mapping(place, inside, "ro")
            place = _endpoint(network, address)
            made.with_kwargs(networking_config=place, cap_add=["NET_ADMIN"], **scripts.NO_SERVER)
            container = stack.enter_context(made).get_wrapped_container()
            poll(lambda: b"answering" in container.logs(), f"{script} answers", 30)
            return container

        run("dns_responder.py", [Outside.GATEWAY, *hosts], Outside.RESOLVER)
        yield Outside(network, Outside.RESOLVER, run("smtp_sink.py", PORTS, Outside.SINK))
