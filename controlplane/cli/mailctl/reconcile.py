"""`mailctl reconcile`."""

from __future__ import annotations

import click

from controlplane.cli import options
from controlplane.cli.change import finish
from controlplane.cli.client import call
from controlplane.cli.terminal import show_json


@click.command("reconcile")
@options.wait
@options.as_json
def command(wait: bool, as_json: bool) -> None:
    """Apply the newest release now, even one that failed before, and heal drift."""
    change = call("reconcile", wait=wait, source="mailctl")
    if as_json:
        show_json(change)
    else:
        finish(change)
