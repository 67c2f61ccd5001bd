"""Whether others can come to the ports at all: the server itself comes by way of loopback."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from agent.canary.steps import PASSED, Finding, Ground, Step, failed
from agent.health.ports import Address, listening_addresses
from wire.manifest import Probe

Addresses = Callable[[int], Collection[Address]]


def reach(
    service: str,
    roles: Sequence[Collection[str]],
    about: str = "",
    addresses: Addresses = listening_addresses,
) -> Step:
    """The step of a service. Of the ports of a role, by the names of their probes, one is enough."""

    def look(ground: Ground) -> Finding:
        for names in roles:
            probes = [each for each in ground.probes.get(service, ()) if each.port and each.name in names]
            if probes and all(_is_hidden(each, addresses) for each in probes):
                ports = " and ".join(str(each.port) for each in probes)
                places = sorted({str(a) for each in probes for a in addresses(each.port)})
                return failed(f"port {ports} listens on {', '.join(places)} alone, where nobody else comes")
        return PASSED

    return Step(f"ports of {service} that others can reach", look, about=about)


def _is_hidden(probe: Probe, addresses: Addresses) -> bool:
    found = addresses(probe.port)
    return bool(found) and all(each.is_loopback for each in found)
