"""`mailctl show`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from controlplane.cli import options
from controlplane.cli.ask.client import call
from controlplane.cli.text.entries import clock
from controlplane.cli.text.terminal import columns, say, show_json, show_plain

if TYPE_CHECKING:
    from controlplane.protocol.states import Shown

HEAD = ("position", "time", "release", "since", "held")
"""Keys of an answer that are shown with every part."""
PARTS = ("accounts", "aliases", "quotas", "masters", "relay", "access", "settings", "overrides")


@click.command("show")
@click.argument("part", type=click.Choice(PARTS), required=False)
@click.option("--at", default="", metavar="REVISION|TIME", help="As it was then (default: now).")
@click.option("--live", is_flag=True, help="What the server did then, not what it was asked to do.")
@options.as_json
def command(part: str | None, at: str, *, live: bool, as_json: bool) -> None:
    """Everything that `main` says, or one part of it, now or as it was.

    A revision is a position of the log, a commit, or a branch; a time is 1h (ago), yesterday, 2026-11-23,
    '2026-11-23 14:03' (UTC). What was rolled back, is held or waits is in what `main` says and not in what
    --live shows: that is of the release that served.
    """
    state: Shown = call("show", at=at, **({"live": True} if live else {}))
    if as_json:
        show_json({key: value for key, value in state.items() if key in (*HEAD, part)} if part else state)
        return
    for line in _head(state):
        say(line)
    if live and not state["release"]:
        return
    for name in (part,) if part else PARTS:
        if not part:
            click.echo(f"{name}:")
        show_plain(line if part else f"  {line}" for line in _LINES[name](state))


def _head(state: Shown) -> list[str]:
    if state.get("release") == 0:
        return ["► nothing was live: no release had served yet"]
    change = f"change set {state['position']}, {clock(state['time'])} UTC"
    if "release" not in state:
        return [f"► {change}"]
    lines = [f"► release {state['release']} served since {clock(state['since'])} UTC, as of {change}"]
    if state["held"]:
        lines.append(f"⚠ held, with what served before: {', '.join(state['held'])}")
    return lines


def _accounts(state: Shown) -> list[str]:
    return list(state["accounts"])


def _aliases(state: Shown) -> list[str]:
    rows = [[a["alias"], "→ " + ", ".join(a["targets"])] for a in state["aliases"]]
    rows += [[r["pattern"], "→ " + ", ".join(r["targets"])] for r in state.get("regexps", ())]
    return columns(rows)


def _settings(state: Shown) -> list[str]:
    rows = sorted(state["settings"].items())
    return [f"{name}={'(secret)' if value is None else value}" for name, value in rows]


def _overrides(state: Shown) -> list[str]:
    return [override["path"] for override in state["overrides"]]


def _quotas(state: Shown) -> list[str]:
    return columns([[address, limit] for address, limit in state["quotas"].items()])


def _masters(state: Shown) -> list[str]:
    return list(state["masters"])


def _relay(state: Shown) -> list[str]:
    relay = state["relay"]
    rows = [[sender, f"→ {host or 'directly'}"] for sender, host in relay["routes"].items()]
    rows += [[key, f"as {user or '(sealed)'}"] for key, user in relay["credentials"].items()]
    return columns(rows)


def _access(state: Shown) -> list[str]:
    access = state["access"]
    return columns([[way, who, action] for way in ("send", "receive") for who, action in access[way].items()])


_LINES = {
    "accounts": _accounts,
    "aliases": _aliases,
    "quotas": _quotas,
    "masters": _masters,
    "relay": _relay,
    "access": _access,
    "settings": _settings,
    "overrides": _overrides,
}
