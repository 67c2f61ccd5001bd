"""`setup relay add-auth`."""

from __future__ import annotations

import click

from controlplane.cli import options
from controlplane.cli.setup.edit import edit, rehearse
from controlplane.cli.setup.passwords import ask_password
from controlplane.cli.values import TakesValues


@click.command("add-auth", cls=TakesValues)
@click.argument("domain")
@click.argument("username")
@click.argument("password", required=False)
@options.reason
@options.wait
def command(domain: str, username: str, password: str | None, reason: str, *, wait: bool) -> None:
    """Log in to the relay host as USERNAME for mail from DOMAIN.

    A missing PASSWORD is asked for, or read from stdin when that is not a terminal. It is kept sealed: only
    the server can read it.
    """
    if password is None:
        rehearse("relay.credentials", domain=domain, username=username)
    edit(
        "relay.credentials",
        reason,
        wait=wait,
        domain=domain,
        username=username,
        password=ask_password(password),
    )
