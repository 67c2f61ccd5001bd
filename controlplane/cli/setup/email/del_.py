"""`setup email del`."""

from __future__ import annotations

import sys

import click

from controlplane.cli import options
from controlplane.cli.ask.client import call_agent, server_runs
from controlplane.cli.setup.edit import edit, rehearse
from controlplane.cli.text.terminal import say
from controlplane.cli.values import TakesValues


@click.command("del", cls=TakesValues)
@click.argument("addresses", nargs=-1, required=True, type=options.address, metavar="ADDRESS...")
@click.option("-y", "--yes", is_flag=True, help="Delete the mail as well, without asking.")
@options.mass_delete
@options.reason
@options.wait
def command(
    addresses: tuple[str, ...], *, yes: bool, allow_mass_delete: bool, reason: str, wait: bool
) -> None:
    """Delete accounts, and their mail if you say so.

    `mailctl revert` brings the accounts back, not deleted mail. Where nobody can be asked, the mail
    stays.
    """
    if not yes:
        rehearse("account.remove", addresses=list(addresses))
    with_mail = yes or _confirmed(addresses)
    asked = {"allow_mass_delete": True} if allow_mass_delete else {}
    changed = edit("account.remove", reason, wait=wait, addresses=list(addresses), **asked)
    if with_mail and not server_runs():
        if changed:
            say(f"⚠ no server runs here, so the mail of {', '.join(addresses)} was not deleted")
        return
    for address in addresses if with_mail else ():
        if call_agent("mailbox.delete", address=address).get("deleted", True):
            say(f"  mail of {address} deleted")


def _confirmed(addresses: tuple[str, ...]) -> bool:
    if not sys.stdin.isatty():
        return False
    question = f"Delete all mail of {', '.join(addresses)} as well?"
    return click.confirm(question, default=False, err=True)
