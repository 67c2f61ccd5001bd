"""`mailctl certificates`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from controlplane.cli import options
from controlplane.cli.ask.client import call
from controlplane.cli.text.certificates import certificate_lines
from controlplane.cli.text.terminal import show_json, show_lines

if TYPE_CHECKING:
    from controlplane.protocol.status import Certificates


@click.command("certificates")
@options.as_json
def command(*, as_json: bool) -> None:
    """The certificates that serve: names, key, issuer, end, where each was read.

    Below them what was passed over or refused, and why.
    """
    answer: Certificates = call("certificates")
    if as_json:
        show_json(answer)
    else:
        show_lines(certificate_lines(answer))
