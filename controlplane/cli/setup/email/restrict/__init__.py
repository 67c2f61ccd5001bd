"""`setup email restrict`: the group of restriction commands."""

from __future__ import annotations

from controlplane.cli.lazy import LazyGroup

COMMANDS = {
    "add": "controlplane.cli.setup.email.restrict.add",
    "del": "controlplane.cli.setup.email.restrict.del_",
    "list": "controlplane.cli.setup.email.restrict.list",
}

command = LazyGroup(
    name="restrict", table=COMMANDS, alone=False, help="Keep addresses from sending or receiving mail."
)
