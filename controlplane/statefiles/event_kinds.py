"""Which events come of which file of `main`."""

from __future__ import annotations

from collections.abc import Mapping

from controlplane.statefiles import access, accounts, aliases, masters, quotas, regexps, relay
from controlplane.statefiles.treefile import SETTINGS

KINDS: Mapping[str, str] = {
    SETTINGS: "setting.",
    accounts.PATH: "account.",
    aliases.PATH: "alias.",
    regexps.PATH: "regexp.",
    access.SEND.path: "access.send_",
    access.RECEIVE.path: "access.receive_",
    masters.TABLE.path: "master.",
    quotas.TABLE.path: "quota.",
    relay.CREDENTIALS.path: "relay.credentials_",
    relay.ROUTES.path: "relay.route_",
}
"""How the events of a file with entries begin; those of any other file name the file itself."""
