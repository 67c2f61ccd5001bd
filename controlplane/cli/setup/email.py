"""`setup email`: the group of account commands."""

from __future__ import annotations

from controlplane.cli.lazy import LazyGroup

COMMANDS = {
    "add": "controlplane.cli.setup.email_add",
    "update": "controlplane.cli.setup.email_update",
    "del": "controlplane.cli.setup.email_del",
    "restrict": "controlplane.cli.setup.restrict",
    "list": "controlplane.cli.setup.email_list",
}

command = LazyGroup(name="email", table=COMMANDS, help="Manage mail accounts.")
