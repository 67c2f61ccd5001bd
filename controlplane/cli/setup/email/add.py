"""`setup email add`."""

from __future__ import annotations

import click

from controlplane.cli import options
from controlplane.cli.setup.edit import edit, rehearse
from controlplane.cli.setup.passwords import ask_password, hash_password
from controlplane.cli.values import TakesValues


@click.command("add", cls=TakesValues)
@click.argument("address", type=options.address)
@click.argument("password", required=False)
@options.reason
@options.wait
def command(address: str, password: str | None, reason: str, *, wait: bool) -> None:
    """Add the account ADDRESS.

    A missing PASSWORD is asked for, or read from stdin when that is not a terminal. The account works
    when the command returns, and no session drops for it.
    """
    if password is None:
        rehearse("account.add", address=address)
    hashed = hash_password(ask_password(password))
    edit("account.add", reason, wait=wait, address=address, password_hash=hashed)
