"""Ports as daemons have them, not as a release thinks."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

import pytest

from agent.commands import Ran
from services.dovecot.listeners import fit_dovecot, has_moved
from services.postfix.listeners import fit_postfix
from wire.manifest import Probe

PROBES = (
    Probe("lmtp", "lmtp", path="/run/dovecot/lmtp"),
    Probe("143", "imap", 143, tls="starttls"),
    Probe("993", "imap", 993, tls="implicit"),
    Probe("4190", "tcp", 4190),
)
DOVECONF = """\
# 2.3.19.1
protocols = imap lmtp sieve
listen = *, ::
ssl = required
service imap-login {
  chroot = login
  inet_listener imap {
    address =
    haproxy = no
    port = 143
    ssl = no
  }
  inet_listener imaps {
    haproxy = no
    port = 993
    ssl = yes
  }
}
service managesieve-login {
  inet_listener sieve {
    haproxy = no
    port = 4190
    ssl = no
  }
}
"""


def fitted(old: str, new: str) -> dict[str, Probe]:
    """The probes under a configuration in which one text stands for another, by name."""
    assert old in DOVECONF

    def runner(_words: Sequence[str], _seconds: float) -> Ran:
        return Ran(0, DOVECONF.replace(old, new))

    return {probe.name: probe for probe in fit_dovecot(PROBES, runner)}


def test_what_is_as_expected_stays() -> None:
    """Dovecot's own account of the usual configuration changes nothing."""
    assert tuple(fitted("143", "143").values()) == PROBES


def test_without_doveconf_nothing_changes() -> None:
    """A configuration that cannot be read is for the probes to find."""
    assert fit_dovecot(PROBES, lambda *_: Ran(89, "doveconf: Fatal: …")) == PROBES


@pytest.mark.parametrize(
    ("old", "new", "gone"),
    [
        ("port = 143", "port = 0", {"143"}),
        ("imap lmtp sieve", "lmtp", {"143", "993", "4190"}),
        ("ssl = required", "ssl = no", {"993"}),
    ],
)
def test_closed_ports_are_not_asked(old: str, new: str, gone: set[str]) -> None:
    """A port that the administrator closed is no fault."""
    assert {probe.name for probe in PROBES} - fitted(old, new).keys() == gone


def test_a_moved_port_is_asked_where_it_is() -> None:
    """Another port number is followed."""
    assert fitted("port = 4190", "port = 2000")["4190"].port == 2000


def test_behind_a_proxy_that_is_not_here_a_port_is_enough() -> None:
    """Nobody else gets a greeting, and each try would be a warning in the log."""
    probe = fitted("haproxy = no\n    port = 993", "haproxy = yes\n    port = 993")["993"]
    assert (probe.kind, probe.tls, probe.proxy) == ("listening", "", False)


@pytest.mark.parametrize(
    ("networks", "proxy"),
    [("127.0.0.0/8", True), ("192.0.2.0/24 127.0.0.1", True), ("192.0.2.1 proxy.test", False)],
)
def test_a_proxy_on_this_machine_is_what_probes_are(networks: str, proxy: bool) -> None:
    """They say first whom they speak for, and talk as ever, where Dovecot believes them."""
    rest = "port = 993\n    ssl = yes\n  }\n}\n"
    named = f"haproxy = yes\n    {rest}haproxy_trusted_networks = {networks}\n"
    probe = fitted(f"haproxy = no\n    {rest}", named)["993"]
    assert probe.proxy is proxy
    assert probe.kind == ("imap" if proxy else "listening")


def test_without_tls_none_is_expected() -> None:
    """`ssl = no` in dovecot.cf turns STARTTLS off."""
    assert fitted("ssl = required", "ssl = no")["143"].tls == ""


@pytest.mark.parametrize(
    ("listen", "host"), [("*", "127.0.0.1"), ("::", "::1"), ("192.0.2.7, 192.0.2.8", "192.0.2.7")]
)
@pytest.mark.shows("DOVECOT_INET_PROTOCOLS")
def test_probes_go_where_dovecot_listens(listen: str, host: str) -> None:
    """With one version of the protocol, or one address, the probes take it."""
    assert fitted("*, ::", listen)["143"].host == host


@pytest.mark.parametrize(
    ("said", "host"),
    [
        ("all\nall\n", "127.0.0.1"),
        ("all\nipv4\n", "127.0.0.1"),
        ("all\nipv6\n", "::1"),
        ("loopback-only\nall\n", "127.0.0.1"),
        ("192.0.2.7, 127.0.0.1\nall\n", "127.0.0.1"),
        ("192.0.2.7, mail.example.test\nipv4\n", "192.0.2.7"),
        ("[2001:db8::7]\nipv6\n", "2001:db8::7"),
        ("", "127.0.0.1"),
    ],
)
def test_postfix_is_asked_where_it_listens(said: str, host: str) -> None:
    """On loopback of a protocol that it speaks, else at its first address; as it is where it does not say."""
    probes = (Probe("25", "smtp", 25), Probe("socket", "smtp", path="/x"))
    asked, socket = fit_postfix(probes, lambda _words, _seconds: Ran(0 if said else 1, said))
    assert (asked.host, socket.host) == (host, "127.0.0.1")


@pytest.mark.parametrize(
    ("addresses", "configured", "moved"),
    [
        (["127.0.0.1"], "listen = *, ::", True),
        (["0.0.0.0", "::"], "listen = *, ::", False),  # noqa: S104  # what the kernel tells
        (["0.0.0.0", "::1"], "listen = *, ::", True),  # noqa: S104
        (["0.0.0.0"], "listen = *, ::", False),  # noqa: S104  # a machine without IPv6
        (["0.0.0.0"], "listen = 127.0.0.1", True),  # noqa: S104
        (["127.0.0.1"], "listen = 127.0.0.1", False),
        ([], "listen = *, ::", False),
    ],
)
def test_listening_at_all_addresses_or_single_ones_needs_a_restart(
    addresses: list[str], configured: str, moved: bool
) -> None:
    """A reload would open the new listener beside the old one, which the kernel refuses."""
    text = DOVECONF.replace("listen = *, ::", configured)
    current = {ipaddress.ip_address(each) for each in addresses}
    assert has_moved(lambda *_: Ran(0, text), lambda _: current) is moved
