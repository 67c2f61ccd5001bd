"""`setup relay exclude-domain`."""

from __future__ import annotations

import click

from controlplane.cli import options
from controlplane.cli.setup.edit import edit
from controlplane.cli.values import TakesValues


@click.command("exclude-domain", cls=TakesValues)
@click.argument("domain")
@options.reason
@options.wait
def command(domain: str, reason: str, *, wait: bool) -> None:
    """Send mail from DOMAIN directly, where RELAY_HOST takes all other mail."""
    edit("relay.exclude", reason, wait=wait, domain=domain)
