"""`mailctl suspend`."""

from __future__ import annotations

import click

from controlplane.cli import options
from controlplane.cli.ask.client import call
from controlplane.cli.text.terminal import say, show_json


@click.command("suspend")
@options.reason
@options.as_json
def command(reason: str, *, as_json: bool) -> None:
    """Stop applying releases: changes are still validated and recorded, and wait for `mailctl resume`."""
    result = call("suspend", reason=reason, source="mailctl")
    if as_json:
        show_json(result)
    else:
        say("⚠ suspended: what serves now goes on serving until `mailctl resume`")
