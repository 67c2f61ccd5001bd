"""Groups of commands that import the module of a command when it is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import IO, Any

import click


def load(entry: str) -> click.Command:
    """Import the command of a table's entry: `module`, which holds `command`, or `module:variable`."""
    module, _, variable = entry.partition(":")
    command: click.Command = getattr(import_module(module), variable or "command")
    return command


class UnknownCommand(click.UsageError):
    """A name that no command has: said in the first line, which scripts look at."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Print it to stderr, and then how to find the right name."""
        assert self.ctx is not None  # noqa: S101  # it is raised below a program only
        click.echo(self.format_message(), file=file, err=True)
        click.echo(f"Try '{self.ctx.command_path} --help'.", file=file, err=True)


class LazyGroup(click.Group):
    """A group with an explicit table: name of a command → its entry, as `load` takes it.

    Called without a command it prints its help, unless it has a `callback` of its own; where it means nothing
    `alone`, that is wrong usage. The help of a `deep` group also lists the commands of the groups in it.
    """

    def __init__(
        self, *args: Any, table: Mapping[str, str], deep: bool = False, alone: bool = True, **kwargs: Any
    ) -> None:
        kwargs.setdefault("invoke_without_command", True)
        kwargs.setdefault("callback", _help_when_alone if alone else _wrong_when_alone)
        super().__init__(*args, **kwargs)
        self.table, self.deep = table, deep

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # the base class's signature
        """The names in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # same
        """Import and return the command of that name; None where there is none."""
        if cmd_name not in self.table:
            return None
        return load(self.table[cmd_name])

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands as click does; a deep group lists all below it, with their arguments."""
        if not self.deep:
            super().format_commands(ctx, formatter)
            return
        with formatter.section("Commands"):
            formatter.write_dl(list(_leaves(self, ctx, "")), col_max=48)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve as click does, but report an unknown name in the words that scripts look for."""
        if args and args[0] not in self.table and not args[0].startswith("-"):
            written = " ".join([*ctx.command_path.split()[1:], args[0]])
            raise UnknownCommand(f"The command '{written}' is invalid.", ctx)
        return super().resolve_command(ctx, args)


def _leaves(group: LazyGroup, ctx: click.Context, words: str) -> Iterator[tuple[str, str]]:
    for name in group.table:
        command = group.get_command(ctx, name)
        if isinstance(command, LazyGroup):
            if command.callback not in (_help_when_alone, _wrong_when_alone):
                yield f"{words}{name}", command.get_short_help_str(80)
            yield from _leaves(command, ctx, f"{words}{name} ")
        elif command is not None:
            pieces = [piece for piece in command.collect_usage_pieces(ctx) if piece != "[OPTIONS]"]
            yield " ".join([f"{words}{name}", *pieces]), command.get_short_help_str(80)


@click.pass_context
def _help_when_alone(ctx: click.Context) -> None:
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@click.pass_context
def _wrong_when_alone(ctx: click.Context) -> None:
    if ctx.invoked_subcommand is None:
        assert isinstance(ctx.command, LazyGroup)  # noqa: S101  # nothing else calls it
        raise click.UsageError(f"say what to do: {', '.join(ctx.command.table)}", ctx)
