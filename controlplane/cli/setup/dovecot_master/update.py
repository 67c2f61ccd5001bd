"""`setup dovecot-master update`."""

from __future__ import annotations

import click

from controlplane.cli import options
from controlplane.cli.setup.edit import edit, rehearse
from controlplane.cli.setup.passwords import ask_password, hash_password
from controlplane.cli.values import TakesValues


@click.command("update", cls=TakesValues)
@click.argument("name")
@click.argument("password", required=False)
@options.reason
@options.wait
def command(name: str, password: str | None, reason: str, *, wait: bool) -> None:
    """Give the master account NAME a new password.

    A missing PASSWORD is asked for, or read from stdin when that is not a terminal.
    """
    if password is None:
        rehearse("master.update", name=name)
    hashed = hash_password(ask_password(password))
    edit("master.update", reason, wait=wait, name=name, password_hash=hashed)
