"""`setup help`."""

from __future__ import annotations

import click


@click.command("help")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Show what setup can do."""
    assert ctx.parent is not None  # noqa: S101  # it is registered below a program only
    click.echo(ctx.parent.get_help())
