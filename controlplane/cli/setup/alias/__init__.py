"""`setup alias`: the group of alias commands."""

from __future__ import annotations

from controlplane.cli.lazy import LazyGroup

COMMANDS = {
    "add": "controlplane.cli.setup.alias.add",
    "del": "controlplane.cli.setup.alias.del_",
    "list": "controlplane.cli.setup.alias.list",
}

command = LazyGroup(name="alias", table=COMMANDS, help="Manage aliases.")
