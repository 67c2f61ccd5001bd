"""`mailctl accounts`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from controlplane.cli import options
from controlplane.cli.ask import questions
from controlplane.cli.ask.client import call
from controlplane.cli.text.entries import clock
from controlplane.cli.text.terminal import columns, say, show_json, show_plain
from controlplane.words.numbers import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controlplane.protocol.states import Hashes, HashRow
    from controlplane.readmodel.password_changes import Changed


@click.command("accounts")
@click.option("--weak", is_flag=True, help="Only those whose password hash is weak.")
@options.as_json
def command(*, weak: bool, as_json: bool) -> None:
    """By which scheme each account's password is kept, since when and by which change set.

    Master accounts as well; never a hash. A weak one gives the password away to whoever gets the file, and
    goes with the next password: setup email update, setup dovecot-master update (docs/usage.md).
    """
    found: Hashes = call("hashes", weak=weak)
    names = {"account": found["accounts"], "master": found["masters"]}
    since = questions.passwords({noun: [row["name"] for row in rows] for noun, rows in names.items()})
    told = {noun: _told(rows, since[noun], _CURES[noun]) for noun, rows in names.items()}
    if as_json:
        show_json({"accounts": told["account"], "masters": told["master"]})
        return
    show_plain(account_lines(told["account"], told["master"]))
    for noun, words in (("account", "account"), ("master", "master account")):
        if number := sum(row["weak"] for row in told[noun]):
            say(
                f"⚠ {counted(number, words)} with a weak password hash: {_CURES[noun]} NAME makes a sound one"
            )


_CURES = {"account": "setup email update", "master": "setup dovecot-master update"}


def _told(rows: list[HashRow], since: Mapping[str, Changed], cure: str) -> list[dict[str, Any]]:
    """The rows with the change set that brought the password: 0 and empty where the log does not tell."""
    told = []
    for row in rows:
        position, time = since.get(row["name"], (0, ""))
        advice = f"{cure} {row['name']}" if row["weak"] else ""
        told.append({**row, "position": position, "since": time, "cure": advice})
    return told


def account_lines(accounts: list[dict[str, Any]], masters: list[dict[str, Any]]) -> list[str]:
    """A line each: name, scheme, what is wrong with it, since when and by which change set."""
    rows = [
        [f"{row['name']}{mark}", row["scheme"] or "(sealed)", _weakness(row), clock(row["since"]), _by(row)]
        for mark, some in (("", accounts), (" (master)", masters))
        for row in some
    ]
    return columns([["account", "scheme", "", "since", "by"], *rows]) if rows else []


def _weakness(row: Mapping[str, Any]) -> str:
    return "weak" if row["weak"] else ""


def _by(row: Mapping[str, Any]) -> str:
    return f"change set {row['position']}" if row["position"] else ""
