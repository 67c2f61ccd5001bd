"""`mailctl check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from controlplane.cli import options
from controlplane.cli.ask.client import call
from controlplane.cli.text.canary import check_lines
from controlplane.cli.text.terminal import show_json, show_lines

if TYPE_CHECKING:
    from controlplane.protocol.canary import Canary


@click.command("check")
@options.as_json
def command(*, as_json: bool) -> int:
    """Try the whole way of mail once: log in, send, be judged, deliver, find, remove.

    With an account of the server's own that nobody sees. Exits with 1 where a step fails.
    """
    answer: Canary = call("check")
    if as_json:
        show_json(answer)
    else:
        show_lines(check_lines(answer))
    return 0 if answer["last"] and answer["last"]["passed"] else 1
