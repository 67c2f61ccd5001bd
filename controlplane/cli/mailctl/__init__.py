"""`mailctl`: look at the mail server's state and history, and steer what is applied."""

from __future__ import annotations

import sys

from controlplane.cli.lazy import LazyGroup
from controlplane.cli.run import run

COMMANDS = {
    # a module cannot have a keyword for its name
    name: f"controlplane.cli.mailctl.{name}" if name != "import" else "controlplane.cli.mailctl.import_"
    for name in (
        "status",
        "check",
        "certificates",
        "accounts",
        "log",
        "history",
        "show",
        "plan",
        "diff",
        "validate",
        "import",
        "rollback",
        "revert",
        "verify",
        "reconcile",
        "suspend",
        "resume",
        "explain",
        "seal",
        "secrets",
    )
}

program = LazyGroup(
    name="mailctl",
    table=COMMANDS,
    help="Look at the mail server's state and history, and steer what is applied.\n\n"
    "Exit status: 0 done or no difference, 1 refused or failed, 2 wrong usage, 3 a bug, 4 a difference where "
    "--exit-code asked for it, 130 interrupted.",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """The console script."""
    sys.exit(run(program, "mailctl"))
