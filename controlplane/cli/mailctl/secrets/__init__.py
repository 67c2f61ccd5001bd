"""`mailctl secrets`: the group of commands about secrets in the clear."""

from __future__ import annotations

from controlplane.cli.lazy import LazyGroup

COMMANDS = {
    "find": "controlplane.cli.mailctl.secrets.find",
}

command = LazyGroup(name="secrets", table=COMMANDS, help="Secrets that stand in the clear in the repository.")
