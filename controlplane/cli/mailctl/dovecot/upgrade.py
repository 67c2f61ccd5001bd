"""`mailctl dovecot upgrade`."""

from __future__ import annotations

import click

from controlplane.cli import options
from controlplane.cli.setup.edit import edit
from controlplane.cli.text.terminal import say


@click.command("upgrade")
@options.reason
@options.wait
def command(reason: str, *, wait: bool) -> None:
    """Write config/dovecot.cf and config/dovecot/*.conf on main for Dovecot 2.4.

    They are rewritten line by line, with comments and order, in one change set. What 2.4 has no equivalent
    of is refused with its line, and nothing is changed. Files that are mounted into the container are read
    again when it starts.
    """
    if edit("dovecot.upgrade", reason or "Write Dovecot's configuration for 2.4", wait=wait):
        say("✔ the files are written for Dovecot 2.4")
    else:
        say("✔ there is nothing to do: no file is written for Dovecot 2.3")
