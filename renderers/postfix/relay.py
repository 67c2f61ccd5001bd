"""Sending through other servers: who goes by which host, and as whom (SASL_README, postconf(5)).

Three sources meet: the settings, postfix-relaymap.cf and postfix-sasl-password.cf. What a file says of a
sender goes before what the settings imply for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from controlplane.model import State
from renderers.postfix import maps
from renderers.service import Origin, RenderedFile
from renderers.text import lines
from wire.manifest import Action, Compile

ROUTES = "etc/postfix/relayhost_map"
CREDENTIALS = "etc/postfix/sasl_passwd"
IMPLIED = "etc/postfix/sasl_passwd_relay"
"""Credentials from the settings, where the file of credentials is sealed whole and nothing can be added."""
PASSWORDS = "postfix-sasl-password.cf"


class Relay(NamedTuple):
    """The values for relaying in main.cf; empty where nothing is relayed."""

    host: str
    """For everybody (relayhost)."""
    routes: bool
    credentials: tuple[str, ...]
    """Tables of credentials, as absolute paths."""


def relay(state: State) -> Relay:
    """The relays of this state."""
    paths = {file.path for file in files(state)}
    return Relay(
        host=state.settings.default_relay_host,
        routes=ROUTES in paths,
        credentials=tuple(f"/{path}" for path in (CREDENTIALS, IMPLIED) if path in paths),
    )


def files(state: State) -> Iterator[RenderedFile]:
    """The tables that have rows: Postfix would look into an empty one in vain."""
    if routes := _routes(state):
        # trivial-rewrite(8) looks for changed tables only between its connections
        yield RenderedFile(
            ROUTES,
            _rows(routes),
            Action.RELOAD,
            compile=Compile.POSTMAP,
            origins=(Origin(1, "config/postfix-relaymap.cf", 0),),
        )
    implied = _implied_credentials(state)
    sealed = state.desired.overrides.get(PASSWORDS)
    if sealed:
        yield _secret(CREDENTIALS, sealed.content)
        if implied:
            yield _secret(IMPLIED, _rows(implied))
    elif rows := {**implied, **state.desired.relay_credentials}:
        yield _secret(CREDENTIALS, _rows(rows))


def own_relay(state: State) -> str:
    """RELAY_HOST as Postfix writes a next hop; empty where it is not set."""
    settings = state.settings
    return f"[{settings.relay_host}]:{settings.relay_port}" if settings.relay_host else ""


def _routes(state: State) -> dict[str, str]:
    """sender_dependent_relayhost_maps: mail of other senders takes relayhost, or goes out directly."""
    given, host = state.desired.relay_routes, own_relay(state)
    found = {sender: to for sender, to in given.items() if to}
    if host:
        found |= {sender: host for sender in _senders(state) if sender not in given}
    return found


def _senders(state: State) -> list[str]:
    """All mail domains of this server, local ones included, as senders."""
    return [f"@{domain}" for domain in maps.domains(state.desired, ())]


def _implied_credentials(state: State) -> dict[str, str]:
    """RELAY_USER and RELAY_PASSWORD, for the relays of the settings and for the domains that go by them.

    A row for a domain goes before one for a host (smtp_sender_dependent_authentication), so a domain
    some of whose mail takes another way has none: the password must not get to a stranger.
    """
    settings, desired = state.settings, state.desired
    if not (settings.relay_user and settings.relay_password):
        return {}
    own, common = own_relay(state), settings.default_relay_host
    hosts = {host for host in (own, common) if host and host.lower() not in desired.relay_credentials}
    astray = {f"@{s.rpartition('@')[2]}" for s, to in desired.relay_routes.items() if to not in hosts}
    senders = [s for s in _senders(state) if s not in astray] if (own or common) in hosts else []
    login = f"{settings.relay_user}:{settings.relay_password}"
    return dict.fromkeys([*(host.lower() for host in hosts), *senders], login)


def _rows(table: dict[str, str]) -> bytes:
    return lines(f"{key}\t{value}" for key, value in sorted(table.items()))


def _secret(path: str, content: bytes) -> RenderedFile:
    """A table that root alone reads (smtp(8) opens it before it drops its rights), filled by the agent."""
    origins = (Origin(1, f"config/{PASSWORDS}", 0),) if path == CREDENTIALS else ()
    return RenderedFile(
        path, content, Action.NONE, mode=0o600, compile=Compile.POSTMAP, origins=origins, fill=True
    )
