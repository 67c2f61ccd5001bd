"""`setup dovecot-master add`."""

from __future__ import annotations

import click

from controlplane.cli import options
from controlplane.cli.setup.edit import edit, rehearse
from controlplane.cli.setup.passwords import ask_password, hash_password
from controlplane.cli.values import TakesValues


@click.command("add", cls=TakesValues)
@click.argument("name")
@click.argument("password", required=False)
@options.reason
@options.wait
def command(name: str, password: str | None, reason: str, *, wait: bool) -> None:
    """Add the master account NAME.

    It logs in to every mailbox, as ADDRESS*NAME with its own password. A missing PASSWORD is asked for, or
    read from stdin when that is not a terminal.
    """
    if password is None:
        rehearse("master.add", name=name)
    hashed = hash_password(ask_password(password))
    edit("master.add", reason, wait=wait, name=name, password_hash=hashed)
