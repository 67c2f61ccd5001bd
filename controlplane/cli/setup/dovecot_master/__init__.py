"""`setup dovecot-master`: the group of master account commands."""

from __future__ import annotations

from controlplane.cli.lazy import LazyGroup

COMMANDS = {
    "add": "controlplane.cli.setup.dovecot_master.add",
    "update": "controlplane.cli.setup.dovecot_master.update",
    "del": "controlplane.cli.setup.dovecot_master.del_",
    "list": "controlplane.cli.setup.dovecot_master.list",
}

command = LazyGroup(
    name="dovecot-master", table=COMMANDS, help="Manage master accounts, which may log in as everybody."
)
