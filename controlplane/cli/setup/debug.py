"""`setup debug`: the group of debugging commands."""

from __future__ import annotations

from controlplane.cli.lazy import LazyGroup

COMMANDS = {
    "login": "controlplane.cli.setup.debug_login",
    "show-mail-logs": "controlplane.cli.setup.debug_show_mail_logs",
}

command = LazyGroup(name="debug", table=COMMANDS, help="Look into the container.")
