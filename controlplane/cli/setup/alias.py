"""`setup alias`: the group of alias commands."""

from __future__ import annotations

from controlplane.cli.lazy import LazyGroup

COMMANDS = {
    "add": "controlplane.cli.setup.alias_add",
    "del": "controlplane.cli.setup.alias_del",
    "list": "controlplane.cli.setup.alias_list",
}

command = LazyGroup(name="alias", table=COMMANDS, help="Manage aliases.")
