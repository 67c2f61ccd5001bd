"""`setup relay`: the group of relay host commands."""

from __future__ import annotations

from controlplane.cli.lazy import LazyGroup

COMMANDS = {
    "add-auth": "controlplane.cli.setup.relay.add_auth",
    "add-domain": "controlplane.cli.setup.relay.add_domain",
    "exclude-domain": "controlplane.cli.setup.relay.exclude_domain",
}

command = LazyGroup(name="relay", table=COMMANDS, help="Send mail of some domains by other hosts.")
