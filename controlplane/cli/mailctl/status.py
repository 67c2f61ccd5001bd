"""`mailctl status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from controlplane.cli import options
from controlplane.cli.ask.client import call
from controlplane.cli.text.status import status_lines
from controlplane.cli.text.terminal import say, show_json, show_lines

if TYPE_CHECKING:
    from controlplane.protocol.status import Status


@click.command("status")
@click.option("--wait", "release", default=0, metavar="N", help="Wait until release N or a newer one serves.")
@click.option("--timeout", default=60.0, show_default=True, help="Seconds that --wait waits at most.")
@click.option("--health", is_flag=True, help="Print one line; exit with 1 unless everything serves.")
@options.as_json
def command(release: int, timeout: float, *, health: bool, as_json: bool) -> int:
    """What serves: the release, the services with their probes, certificates, drift."""
    status: Status = call("status", patience=timeout + 30, wait=release, timeout=timeout)
    healthy = bool(status.get("healthy"))
    if as_json:
        show_json(status)
    elif health:
        click.echo("healthy" if healthy else "not healthy")
    else:
        show_lines(status_lines(status))
    if release and int(status.get("applied") or 0) < release:
        say(f"✗ release {release} does not serve")
        return 1
    return 0 if healthy or not health else 1
