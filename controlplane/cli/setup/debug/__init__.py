"""`setup debug`: the group of debugging commands."""

from __future__ import annotations

from controlplane.cli.lazy import LazyGroup

COMMANDS = {
    "login": "controlplane.cli.setup.debug.login",
    "show-mail-logs": "controlplane.cli.setup.debug.show_mail_logs",
    "fail2ban": "controlplane.cli.setup.later:debug_fail2ban",
    "fetchmail": "controlplane.cli.setup.later:debug_fetchmail",
    "getmail": "controlplane.cli.setup.later:debug_getmail",
}

command = LazyGroup(name="debug", table=COMMANDS, help="Look into the container.")
