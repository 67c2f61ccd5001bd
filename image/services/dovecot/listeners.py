"""Where Dovecot listens by its own account: people move, close and proxy ports in unmanaged files.

`dovecot.cf`, a file mounted over `10-master.conf` and user-patches.sh may all say so, which is no fault of a
release. So the probes of a release are fitted to what doveconf(1) says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address, ip_network

from agent.health.ports import Address, listening_addresses
from services.base import Runner
from wire.manifest import Probe, ProbeKind

DEADLINE = 10.0
COMMAND = ("doveconf", "-a")
STANDARD: Mapping[int, tuple[str, str, str]] = {
    143: ("imap", "imap-login", "imap"),
    993: ("imap", "imap-login", "imaps"),
    110: ("pop3", "pop3-login", "pop3"),
    995: ("pop3", "pop3-login", "pop3s"),
    4190: ("sieve", "managesieve-login", "sieve"),
}
"""Protocol, service and listener of each port that a release probes."""


@dataclass(frozen=True)
class Listening:
    """What Dovecot is configured to listen on."""

    protocols: frozenset[str]
    encrypts: bool
    addresses: tuple[str, ...]
    listeners: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    """The settings of each inet_listener by its service and name."""
    proxies: tuple[str, ...] = ()
    """Networks whose hosts may say whom they speak for (haproxy_trusted_networks)."""

    def places(self, listener: Mapping[str, str]) -> tuple[int, tuple[str, ...]]:
        """Port and addresses of an inet_listener; 0 where it is closed."""
        own = tuple(filter(None, re.split(r"[,\s]+", listener.get("address", ""))))
        return int(listener.get("port", "0")), own or self.addresses

    def believes(self, host: str) -> bool:
        """Whether a connection to this address of ours comes from one of the proxies."""
        return any(_holds(network, host) for network in self.proxies)


def _holds(network: str, host: str) -> bool:
    try:
        return ip_address(host) in ip_network(network, strict=False)
    except ValueError:  # a name
        return False


def fit_dovecot(probes: Sequence[Probe], runner: Runner) -> tuple[Probe, ...]:
    """The probes, where and as Dovecot listens; none for a port that is closed."""
    ran = runner(COMMAND, DEADLINE)
    if ran.code:
        return tuple(probes)
    listening = read(ran.output)
    fitted = (_fit(probe, listening) for probe in probes)
    return tuple(probe for probe in fitted if probe)


def read(text: str) -> Listening:
    """What the output of `doveconf -a` says of listeners."""
    top: dict[str, str] = {}
    listeners: dict[tuple[str, str], dict[str, str]] = {}
    sections: list[str] = []
    for line in map(str.strip, text.splitlines()):
        if line.endswith("{"):
            sections.append(line[:-1].strip())
        elif line == "}":
            sections.pop()
        elif match := re.match(r"(\w+) = (.*)", line):
            if not sections:
                top[match[1]] = match[2]
            elif len(sections) == 2 and sections[1].startswith("inet_listener"):
                key = sections[0].removeprefix("service "), sections[1].removeprefix("inet_listener").strip()
                listeners.setdefault(key, {})[match[1]] = match[2]
    return Listening(
        frozenset(top.get("protocols", "").split()),
        top.get("ssl") != "no",
        tuple(re.split(r"[,\s]+", top.get("listen", "*"))),
        listeners,
        tuple(top.get("haproxy_trusted_networks", "").split()),
    )


def has_moved(runner: Runner, addresses: Callable[[int], Collection[Address]] = listening_addresses) -> bool:
    """Whether Dovecot is to listen at all addresses of a port where it listens at single ones, or vice versa.

    A reload does not do that: the new listener is opened while the old one is there (bind(2), EADDRINUSE).
    """
    ran = runner(COMMAND, DEADLINE)
    if ran.code:
        return False
    listening = read(ran.output)
    wanted = (listening.places(listener) for listener in listening.listeners.values())
    return any(_collide(addresses(port), at) for port, at in wanted if port)


def _collide(current: Collection[Address], wanted: Sequence[str]) -> bool:
    for version, everywhere in ((4, ("*", "0.0.0.0")), (6, ("::", "[::]"))):  # noqa: S104  # what is asked for
        here = [each.is_unspecified for each in current if each.version == version]
        single = [each for each in wanted if each not in ("*", "0.0.0.0", "::", "[::]")]  # noqa: S104
        at_all = bool(set(everywhere) & set(wanted))
        if here and ((at_all and not any(here)) or (single and not at_all and any(here))):
            return True
    return False


def _fit(probe: Probe, listening: Listening) -> Probe | None:
    """One probe; None for a port that is closed."""
    if probe.port not in STANDARD:
        return probe
    protocol, service, name = STANDARD[probe.port]
    listener = listening.listeners.get((service, name))
    if listener is None:
        return probe
    port, addresses = listening.places(listener)
    implicit = listener.get("ssl") == "yes"
    if protocol not in listening.protocols or not port or (implicit and not listening.encrypts):
        return None
    probe = replace(probe, port=port, host=_host(addresses))
    if listener.get("haproxy") == "yes":
        if not listening.believes(probe.host):
            # It answers only proxies that it knows, and warns of others: those warnings are for people.
            return replace(probe, kind=ProbeKind.LISTENING, tls="")
        probe = replace(probe, proxy=True)
    if probe.kind != ProbeKind.TCP:
        starttls = probe.tls if probe.tls != "implicit" and listening.encrypts else ""
        probe = replace(probe, tls="implicit" if implicit else starttls)
    return probe


def _host(addresses: Sequence[str]) -> str:
    if "*" in addresses or "0.0.0.0" in addresses:  # noqa: S104  # what somebody listens on
        return "127.0.0.1"
    if "::" in addresses:
        return "::1"
    return addresses[0]
