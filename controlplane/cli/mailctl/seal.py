"""`mailctl seal`."""

from __future__ import annotations

import base64
from typing import BinaryIO

import click

from controlplane.cli.client import call


@click.command("seal")
@click.argument("file", type=click.File("rb"), default="-")
def command(file: BinaryIO) -> None:
    """Seal FILE (default: stdin) so that only this server can open it, and print the result.

    The output, in the age format, replaces the file or the value on `main`.
    """
    content = base64.b64encode(file.read()).decode()
    click.echo(call("seal", content=content, source="mailctl")["sealed"].rstrip("\n"))
