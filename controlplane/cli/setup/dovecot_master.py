"""`setup dovecot-master`: the group of master account commands."""

from __future__ import annotations

from controlplane.cli.lazy import LazyGroup

COMMANDS = {
    "add": "controlplane.cli.setup.master_add",
    "update": "controlplane.cli.setup.master_update",
    "del": "controlplane.cli.setup.master_del",
    "list": "controlplane.cli.setup.master_list",
}

command = LazyGroup(
    name="dovecot-master", table=COMMANDS, help="Manage master accounts, which may log in as everybody."
)
