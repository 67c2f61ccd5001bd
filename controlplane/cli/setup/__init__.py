"""`setup`: the everyday commands, with the names and the words that scripts know."""

from __future__ import annotations

import sys

from controlplane.cli.lazy import LazyGroup
from controlplane.cli.run import run

COMMANDS = {
    "email": "controlplane.cli.setup.email",
    "alias": "controlplane.cli.setup.alias",
    "quota": "controlplane.cli.setup.quota",
    "dovecot-master": "controlplane.cli.setup.dovecot_master",
    "relay": "controlplane.cli.setup.relay",
    "config": "controlplane.cli.setup.later:config",
    "fail2ban": "controlplane.cli.setup.later:fail2ban",
    "debug": "controlplane.cli.setup.debug",
    "help": "controlplane.cli.setup.help",
}

program = LazyGroup(
    name="setup",
    table=COMMANDS,
    deep=True,
    help="Manage the mail server: accounts, aliases, quotas, master accounts, relay hosts.\n\n"
    "Every change is an edit of the state repo: it is validated, recorded with your name and the reason, and "
    "serves when the command returns. `mailctl` shows and undoes what was done.",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """The console script."""
    sys.exit(run(program, "setup"))
