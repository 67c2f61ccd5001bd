"""`setup quota`: the group of quota commands."""

from __future__ import annotations

from controlplane.cli.lazy import LazyGroup

COMMANDS = {
    "set": "controlplane.cli.setup.quota.set",
    "del": "controlplane.cli.setup.quota.del_",
}

command = LazyGroup(name="quota", table=COMMANDS, help="Limit the size of mailboxes.")
