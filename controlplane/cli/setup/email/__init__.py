"""`setup email`: the group of account commands."""

from __future__ import annotations

from controlplane.cli.lazy import LazyGroup

COMMANDS = {
    "add": "controlplane.cli.setup.email.add",
    "update": "controlplane.cli.setup.email.update",
    "del": "controlplane.cli.setup.email.del_",
    "restrict": "controlplane.cli.setup.email.restrict",
    "list": "controlplane.cli.setup.email.list",
}

command = LazyGroup(name="email", table=COMMANDS, help="Manage mail accounts.")
