"""`setup relay add-domain`."""

from __future__ import annotations

import click

from controlplane.cli import options
from controlplane.cli.setup.edit import edit
from controlplane.cli.values import TakesValues


@click.command("add-domain", cls=TakesValues)
@click.argument("domain")
@click.argument("host")
@click.argument("port", type=click.IntRange(1, 65535), default=25)
@options.reason
@options.wait
def command(domain: str, host: str, port: int, reason: str, *, wait: bool) -> None:
    """Send mail from DOMAIN by HOST, on PORT (default: 25).

    HOST is the server itself; its MX records are not looked up.
    """
    edit("relay.host", reason, wait=wait, domain=domain, host=host, port=str(port))
