"""`mailctl resume`."""

from __future__ import annotations

import click

from controlplane.cli import options
from controlplane.cli.ask.client import call
from controlplane.cli.text.terminal import say, show_json


@click.command("resume")
@options.reason
@options.as_json
def command(reason: str, *, as_json: bool) -> None:
    """Apply releases again, beginning with the newest."""
    result = call("resume", reason=reason, source="mailctl")
    if as_json:
        show_json(result)
    else:
        say("✔ resumed: the newest release is being applied; `mailctl status` shows it")
