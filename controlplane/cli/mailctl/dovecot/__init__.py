"""`mailctl dovecot`: the group of commands about Dovecot's configuration."""

from __future__ import annotations

from controlplane.cli.lazy import LazyGroup

COMMANDS = {
    "upgrade": "controlplane.cli.mailctl.dovecot.upgrade",
    "translate": "controlplane.cli.mailctl.dovecot.translate",
}

command = LazyGroup(
    name="dovecot", table=COMMANDS, help="Dovecot's configuration, written for an older version."
)
