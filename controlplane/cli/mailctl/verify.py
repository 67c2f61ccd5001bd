"""`mailctl verify`."""

from __future__ import annotations

import click

from controlplane.cli import options
from controlplane.cli.client import call
from controlplane.cli.terminal import say, show_json

PATIENCE = 3600.0
"""Seconds: a replay takes as long as the log is."""


@click.command("verify")
@options.as_json
def command(as_json: bool) -> int:
    """Prove by replay that log, `main` and `rendered` agree; say where they do not."""
    found = call("verify", patience=PATIENCE)
    if as_json:
        show_json(found)
    elif found["ok"]:
        say(
            f"✔ {found['positions']} change sets ({found['events']} events) replayed "
            f"in {found.get('seconds', 0):.1f} s: "
            "log, main and rendered agree"
        )
    else:
        for finding in found["findings"]:
            say(f"✗ {finding}")
    return 0 if found["ok"] else 1
