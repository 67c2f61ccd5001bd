"""`setup email update`."""

from __future__ import annotations

import click

from controlplane.cli import options
from controlplane.cli.setup.edit import edit, rehearse
from controlplane.cli.setup.passwords import ask_password, hash_password
from controlplane.cli.values import TakesValues


@click.command("update", cls=TakesValues)
@click.argument("address", type=options.address)
@click.argument("password", required=False)
@options.reason
@options.wait
def command(address: str, password: str | None, reason: str, *, wait: bool) -> None:
    """Give the account ADDRESS a new password.

    A missing PASSWORD is asked for, or read from stdin when that is not a terminal.
    """
    if password is None:
        rehearse("account.update", address=address)
    hashed = hash_password(ask_password(password))
    edit("account.update", reason, wait=wait, address=address, password_hash=hashed)
