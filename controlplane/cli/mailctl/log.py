"""`mailctl log`."""

from __future__ import annotations

from typing import Any

import click

from controlplane.cli import options
from controlplane.cli.ask import questions
from controlplane.cli.text.entries import show_entries
from controlplane.cli.text.terminal import say


@click.command("log")
@click.option("--kind", help="Events of this kind, such as account.removed.")
@click.option("--subject", help="Events about this address, setting, file or node.")
@click.option("--actor", help="Changes made by this person or program.")
@click.option("--source", help="Changes that came this way: push, setup, mailctl, config-volume, agent, …")
@click.option(
    "--since", metavar="TIME", help="From this time on: 1h (ago), yesterday, 2026-10-01, '2026-10-01 14:03'."
)
@click.option("--until", metavar="TIME", help="Up to this time; a day counts to its end.")
@click.option("--text", help="Changes whose reason or subject holds this text.")
@click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(min=1), help="How many of the newest."
)
@options.outcomes
@options.pager
@options.as_json
def command(
    *, as_json: bool, pager: bool, limit: int, outcome: tuple[str, ...], not_live: bool, **filters: str | None
) -> None:
    """Who changed what, when and why, and what became of it; newest last.

    A change is live since it first served. One that never did was rejected or rolled back, is held, was
    superseded by a later one, or is pending. With --json one object per line and event.
    """
    asked: dict[str, Any] = {name: value for name, value in filters.items() if value is not None}
    if wanted := options.wanted_outcomes(outcome, not_live=not_live):
        asked["outcome"] = wanted
    entries = questions.log(asked, limit)
    show_entries(entries, as_json=as_json, with_subject=True, pager=pager)
    if not entries:
        given = " ".join(f"--{name} {_said(value)}" for name, value in asked.items())
        say(f"⚠ nothing in the log fits {given}" if given else "⚠ the log is empty")


def _said(value: str | list[str]) -> str:
    return value if isinstance(value, str) else ", ".join(value)
