"""What the kernel knows of this node's networks, as lists that Postfix takes (postconf(5), mynetworks)."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from agent.commands import run

DEADLINE = 5.0
ROUTES = Path("proc/net/route")


class Networks:
    """Facts, read when they are first asked for and kept: a changed network is noticed at the next start."""

    def __init__(self, root: Path, links: Callable[[], list[dict[str, Any]]] | None = None) -> None:
        self._routes, self._read_links = root / ROUTES, links or _links
        self._known: dict[tuple[str, str], str] = {}

    def fact(self, kind: str, interface: str) -> str:
        """Addresses separated by spaces: `kind` is container, host or connected.

        Raises LookupError with words for people for an interface that does not exist.
        """
        if (kind, interface) not in self._known:
            self._known[kind, interface] = " ".join(dict.fromkeys(self._found(kind, interface)))
        return self._known[kind, interface]

    def _found(self, kind: str, interface: str) -> Iterator[str]:
        if kind == "container":
            return self._own(interface)
        return self._gateway(interface) if kind == "host" else self._connected()

    def _own(self, interface: str) -> Iterator[str]:
        """The node's own addresses on an interface; IPv6 as mynetworks wants it, in brackets."""
        for link in self._read_links():
            if link.get("ifname") == interface:
                for row in link.get("addr_info", ()):
                    address = str(row.get("local", ""))
                    if row.get("family") == "inet":
                        yield f"{address}/32"
                    elif row.get("scope") == "global":
                        yield f"[{address}]/128"
                return
        raise LookupError(f"there is no network interface {interface}")

    def _gateway(self, interface: str) -> Iterator[str]:
        """The address behind which the default route of an interface lies: the container's host."""
        rows = [row for row in self._table() if row[0] == interface]
        if not rows and not any(link.get("ifname") == interface for link in self._read_links()):
            raise LookupError(f"there is no network interface {interface}")
        for _, destination, gateway, mask in rows:
            if (int(destination), int(mask)) == (0, 0):
                yield f"{gateway}/32"

    def _connected(self) -> Iterator[str]:
        """Networks that are reached without a gateway."""
        for name, destination, gateway, mask in self._table():
            if name != "lo" and int(gateway) == 0 and int(mask) != 0:
                yield str(ipaddress.IPv4Network(f"{destination}/{mask}"))

    def _table(
        self,
    ) -> Iterator[tuple[str, ipaddress.IPv4Address, ipaddress.IPv4Address, ipaddress.IPv4Address]]:
        """Interface, destination, gateway and mask of every IPv4 route (proc(5), /proc/net/route)."""
        try:
            lines = self._routes.read_text("ascii").splitlines()[1:]
        except OSError:
            return
        for words in (line.split() for line in lines):
            if len(words) > 7:
                destination, gateway, mask = (_address(words[at]) for at in (1, 2, 7))
                yield words[0], destination, gateway, mask


def _address(text: str) -> ipaddress.IPv4Address:
    """The kernel prints the number as this machine's memory holds it: the first byte last (x86, arm64)."""
    return ipaddress.IPv4Address(bytes.fromhex(text)[::-1])


def _links() -> list[dict[str, Any]]:
    """ip-address(8) in JSON; nothing where it does not answer."""
    try:
        found: list[dict[str, Any]] = json.loads(run(["ip", "-json", "address", "show"], DEADLINE).output)
    except ValueError:
        return []
    return found
