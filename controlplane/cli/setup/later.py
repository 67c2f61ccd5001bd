"""Documented commands that are not supported yet: calling one says so."""

from __future__ import annotations

from typing import NoReturn

import click

from controlplane.cli.lazy import LazyGroup
from controlplane.errors import Unavailable

DKIM, BANS, FETCHING = "DKIM", "Fail2Ban", "fetching mail from elsewhere"
_MODULE = "controlplane.cli.setup.later"


def _refuse() -> NoReturn:
    context = click.get_current_context()
    assert isinstance(context.command, Later | LaterGroup)  # noqa: S101  # nothing else calls it
    subject = context.command.later
    raise Unavailable(f"{context.command_path} is not supported yet: {subject} comes with a later version")


def _help(subject: str, what: str) -> str:
    return f"Not supported yet: {what}\n\n{subject[0].upper()}{subject[1:]} comes with a later version."


class Later(click.Command):
    """A command that takes any arguments and raises Unavailable: it is not supported yet.

    `later` names the feature that it will come with, `what` says what it will do.
    """

    def __init__(self, name: str, later: str, what: str, usage: str = "") -> None:
        words = click.Argument(["words"], nargs=-1, type=click.UNPROCESSED, metavar=usage, expose_value=False)
        super().__init__(
            name,
            callback=_refuse,
            params=[words],
            help=_help(later, what),
            context_settings={"ignore_unknown_options": True},
        )
        self.later = later


class LaterGroup(LazyGroup):
    """A group of such commands, which will also do something when called alone."""

    def __init__(self, name: str, later: str, what: str, table: dict[str, str]) -> None:
        super().__init__(name=name, table=table, help=_help(later, what), callback=_unless_below)
        self.later = later


@click.pass_context
def _unless_below(ctx: click.Context) -> None:
    if ctx.invoked_subcommand is None:
        _refuse()


dkim = Later("dkim", DKIM, "make the keys with which mail is signed.", "[WORD]...")
ban = Later("ban", BANS, "ban an address.", "IP")
unban = Later("unban", BANS, "let an address in again.", "IP")
log = Later("log", BANS, "show the log of bans.")
status = Later("status", BANS, "show the jails.")
fail2ban = LaterGroup(
    "fail2ban",
    BANS,
    "show and change which addresses are banned.",
    {name: f"{_MODULE}:{name}" for name in ("ban", "unban", "log", "status")},
)
config = LazyGroup(name="config", table={"dkim": f"{_MODULE}:dkim"}, help="Make keys and configuration.")
debug_fail2ban = Later("fail2ban", BANS, "call the client of Fail2Ban.", "[WORD]...")
debug_fetchmail = Later("fetchmail", FETCHING, "try the configuration of Fetchmail.")
debug_getmail = Later("getmail", FETCHING, "try the configuration of Getmail.")
