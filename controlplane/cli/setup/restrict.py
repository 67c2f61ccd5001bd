"""`setup email restrict`: the group of restriction commands."""

from __future__ import annotations

from controlplane.cli.lazy import LazyGroup

COMMANDS = {
    "add": "controlplane.cli.setup.restrict_add",
    "del": "controlplane.cli.setup.restrict_del",
    "list": "controlplane.cli.setup.restrict_list",
}

command = LazyGroup(name="restrict", table=COMMANDS, help="Keep addresses from sending or receiving mail.")
