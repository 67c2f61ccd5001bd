"""Containers made from the image, on a network with a name server of its own.

The image is `git-mailserver:dev`, another by IMAGE. Ports are bound to 127.0.0.1 at random. Everything is
removed by its id.
"""

from __future__ import annotations

import ipaddress
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

# Its image cannot be had everywhere; what tests start they remove themselves.
os.environ["TESTCONTAINERS_RYUK_DISABLED"] = "true"

import docker
import pytest
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

from tests.integration import scripts
from tests.integration.outside import SUBNETS, Outside, outside_world
from tests.integration.polling import poll
from tests.integration.server import PORTS, Clone, Server

IMAGE = os.environ.get("IMAGE", "git-mailserver:dev")
HERE = Path(__file__).parent
HOSTNAME = "mail.example.test"

Start = Callable[..., Server]

pytest.register_assert_rewrite("tests.integration.dovecot_settings")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is marked as integration."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.integration)


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    """The container engine; the image has to be there (`make image`)."""
    client = docker.from_env()
    client.images.get(IMAGE)
    yield client
    client.close()


@pytest.fixture(scope="session")
def network(engine: docker.DockerClient) -> Iterator[Network]:
    """The tests' own network, never where the outside world has its addresses."""
    taken = ipaddress.ip_network(SUBNETS[0])
    with ExitStack() as wrong:  # the engine hands out range after range: one that overlaps is kept meanwhile
        made = Network().create()
        while ipaddress.ip_network(_subnet(engine, made)).overlaps(taken):
            wrong.callback(made.remove)
            made = Network().create()
    try:
        yield made
    finally:
        made.remove()


def _subnet(engine: docker.DockerClient, network: Network) -> str:
    return str(engine.networks.get(network.id).attrs["IPAM"]["Config"][0]["Subnet"])


@pytest.fixture(scope="session")
def resolver(engine: docker.DockerClient, network: Network) -> Iterator[str]:
    """The address of a name server that knows a small zone and denies everything else at once.

    The zone's names lead to the network's gateway, which the tests' clients seem to come from.
    """
    gateway = engine.networks.get(network.id).attrs["IPAM"]["Config"][0]["Gateway"]
    container = DockerContainer(IMAGE).with_network(network).with_kwargs(**scripts.NO_SERVER)
    container.with_command(scripts.command("dns_responder.py", gateway))
    for place, inside in scripts.mounts("dns_responder.py").items():
        container.with_volume_mapping(place, inside, "ro")
    with container:
        wrapped = container.get_wrapped_container()
        poll(lambda: b"answering" in wrapped.logs(), "the name server answers", 20)
        wrapped.reload()
        yield str(wrapped.attrs["NetworkSettings"]["Networks"][network.name]["IPAddress"])


@contextmanager
def started(
    engine: docker.DockerClient, network: Network, resolver: str, settings: dict[str, str], **options: Any
) -> Iterator[Server]:
    """A server with the settings in its environment; `options` go to the engine. Removed at the end.

    `image` makes it one of another image.
    """
    healthy = options.pop("healthy", True)
    volumes = options.pop("volumes", {})
    tmpfs = options.pop("tmpfs", {})
    container = DockerContainer(options.pop("image", IMAGE)).with_network(network)
    for name, value in {"FIRST_ACCOUNT_TIMEOUT": "0", **settings}.items():
        container.with_env(name, value)
    for volume, place in volumes.items():
        folder, _, mode = place.partition(":")
        container.with_volume_mapping(volume, folder, mode or "rw")
    for place, size in tmpfs.items():
        container.with_tmpfs_mount(place, size)
    container.ports = {f"{port}/tcp": ("127.0.0.1", None) for port in PORTS}
    container.with_kwargs(hostname=options.pop("hostname", HOSTNAME), dns=[resolver], **options)
    container.with_name(f"git-mailserver-test-{uuid.uuid4().hex[:12]}")
    with container:
        server = Server(container.get_wrapped_container(), network.name, volumes)
        if healthy:
            server.wait_healthy()
        yield server


@pytest.fixture(scope="session")
def start(engine: docker.DockerClient, network: Network, resolver: str) -> Iterator[Start]:
    """Starts servers that live until the session ends."""
    with ExitStack() as stack:
        yield lambda settings, **options: stack.enter_context(
            started(engine, network, resolver, settings, **options)
        )


@pytest.fixture(scope="session")
def server(start: Start) -> Server:
    """A server without filters, shared by all tests that leave it as usable as they found it."""
    return start({"ENABLE_RSPAMD": "0", "ENABLE_CLAMAV": "0"})


@pytest.fixture(scope="session")
def rspamd_server(start: Start) -> Server:
    """The same with Rspamd, shared."""
    return start({"ENABLE_RSPAMD": "1"})


@pytest.fixture(scope="session")
def boxes(start: Start) -> Server:
    """A server with every way to a mailbox, shared: POP3, ManageSieve; accounts of example.com."""
    settings = {"ENABLE_RSPAMD": "0", "ENABLE_POP3": "1", "ENABLE_MANAGESIEVE": "1"}
    server = start(settings, cap_add=["NET_ADMIN"])
    for name in ("user1", "user2", "full"):
        server.add_account(f"{name}@example.com")
    return server


@pytest.fixture
def boxes_clone(boxes: Server, tmp_path: Path) -> Clone:
    """A clone of its state repo."""
    return boxes.clone(tmp_path / "mail-state")


@pytest.fixture(scope="module")
def outside(engine: docker.DockerClient) -> Iterator[Outside]:
    """Other people's servers: a network with a name server and a mail server that takes everything."""
    with outside_world(IMAGE) as made:
        yield made


@pytest.fixture(scope="module")
def private(engine: docker.DockerClient, outside: Outside) -> Iterator[Server]:
    """A server at the address that the reference's guides give to the private one, shared."""
    settings = {"ENABLE_RSPAMD": "0", "ENABLE_CLAMAV": "0", "ALLOW_CLEARTEXT_SECRETS": "1"}
    place = outside.at(outside.PRIVATE)
    with started(
        engine, outside.network, outside.resolver, settings, hostname="mail.example.com", **place
    ) as made:
        yield made


@pytest.fixture
def fresh(
    engine: docker.DockerClient, network: Network, resolver: str, volumes: dict[str, str]
) -> Iterator[Start]:
    """Starts servers that live until the test ends, before the volumes are removed."""
    with ExitStack() as stack:
        yield lambda settings=None, **options: stack.enter_context(
            started(engine, network, resolver, settings or {"ENABLE_RSPAMD": "0"}, **options)
        )


@pytest.fixture
def volumes(engine: docker.DockerClient) -> Iterator[dict[str, str]]:
    """Volumes for mail, state and config that outlive a container."""
    made = {
        place: engine.volumes.create() for place in ("/var/mail", "/var/mail-state", "/tmp/docker-mailserver")
    }
    yield {volume.name: place for place, volume in made.items()}
    for volume in made.values():
        volume.remove(force=True)


@pytest.fixture
def clone(server: Server, tmp_path: Path) -> Clone:
    """A clone of the shared server's state repo."""
    return server.clone(tmp_path / "mail-state")
