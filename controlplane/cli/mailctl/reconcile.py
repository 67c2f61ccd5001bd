"""`mailctl reconcile`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from controlplane.cli import options
from controlplane.cli.ask.client import call
from controlplane.cli.text.change import held_lines, is_failure, report_outcome, verdict
from controlplane.cli.text.terminal import say, show_json
from controlplane.errors import Unavailable
from controlplane.words.numbers import counted
from wire.outcomes import FAILED, OutcomeKind

if TYPE_CHECKING:
    from controlplane.protocol.changes import Reconciled


@click.command("reconcile")
@click.option("--accept", is_flag=True, help="Keep it although the server does less than before.")
@options.wait
@options.as_json
def command(*, accept: bool, wait: bool, as_json: bool) -> int:
    """Apply the newest release now, even one that failed before, and heal drift."""
    change: Reconciled = call("reconcile", wait=wait, accept=accept, source="mailctl")
    if as_json:
        show_json(change)
        return int(is_failure(change))
    for refused in change.get("volume_refused") or []:
        say(f"⚠ config volume: {refused['path']} is not taken over: {refused['reason']}")
    if change.get("position"):
        report_outcome(change)
        _say_healed(change)
    else:
        say(_outcome(change, wait=wait))
    return 0


def _outcome(change: Reconciled, *, wait: bool) -> str:
    """The outcome for a release that had been made before. Raises Unavailable where it does not serve."""
    outcome, release = change.get("outcome"), change.get("release") or 0
    kind = outcome["outcome"] if outcome else ""
    if outcome and kind in FAILED:
        cure = "  `mailctl status` names the line of `main` that it comes from: correct that"
        raise Unavailable("\n".join([verdict(outcome), *held_lines(change), cure]))
    if kind == OutcomeKind.SUSPENDED:
        return f"⚠ releases are held back, so nothing was done: `mailctl resume` applies release {release}"
    if not outcome:
        why = "the agent did not answer in time" if wait else "nobody waits for it"
        return f"► release {release} is to be applied; {why}: `mailctl status` shows what came of it"
    applied = int(outcome.get("release") or release)
    if applied != change.get("before", applied):
        return f"✔ release {applied} applied{_healed(change)}"
    if _healed(change):
        return f"✔ release {applied} applied again{_healed(change)}"
    return "✔ nothing had to be changed"


def _say_healed(change: Reconciled) -> None:
    if _healed(change):
        say(f"✔ besides{_healed(change)}")


def _healed(change: Reconciled) -> str:
    """Repairs beside the release, as the end of a line: `: 2 files put back (…)`; empty for none."""
    files = change.get("healed") or []
    repairs = []
    if files:
        repairs.append(f"{counted(len(files), 'file')} put back ({', '.join(files)})")
    if change.get("patched"):
        repairs.append("user-patches.sh, which had failed, ran")
    return f": {'; '.join(repairs)}" if repairs else ""
