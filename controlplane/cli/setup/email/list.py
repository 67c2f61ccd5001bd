"""`setup email list`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from controlplane.cli import options
from controlplane.cli.ask.client import call
from controlplane.cli.text.terminal import show_json, show_plain

if TYPE_CHECKING:
    from controlplane.protocol.states import AccountRow

UNITS = ("K", "M", "G", "T")


@click.command("list")
@options.as_json
def command(*, as_json: bool) -> None:
    """List the accounts: quota in use, limit (`~` for none), percentage, and their aliases."""
    accounts: list[AccountRow] = call("accounts", source="setup")["accounts"]
    if as_json:
        show_json(accounts)
        return
    show_plain(line for account in accounts for line in account_lines(account))


def account_lines(account: AccountRow) -> list[str]:
    """The account in one line, and a second one for its aliases."""
    line = f"* {account['address']}"
    if account.get("used") is not None:
        limit = _size(most) if (most := account.get("limit")) else "~"
        line += f" ( {_size(account['used'])} / {limit} ) [{account.get('percent') or 0}%]"
    if not account.get("aliases"):
        return [line]
    return [line, f"    [ aliases -> {', '.join(account['aliases'])} ]"]


def _size(kibibytes: int) -> str:
    """Whole units, as small a number as fits: `0`, `512K`, `12M`."""
    if kibibytes == 0:
        return "0"
    number, unit = float(kibibytes), 0
    while number >= 1024 and unit < len(UNITS) - 1:  # binary units
        number, unit = number / 1024, unit + 1
    return f"{number:.1f}".removesuffix(".0") + UNITS[unit]
