"""`mailctl seal`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from controlplane.cli.text.terminal import say
from controlplane.errors import UsageError

STDIN = "-"


@click.command("seal")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("--value", is_flag=True, help="Seal one value, from the terminal or stdin, and print the word.")
@click.option("--stdout", is_flag=True, help="Print FILE with its secrets sealed, and leave FILE as it is.")
def command(files: tuple[str, ...], *, value: bool, stdout: bool) -> None:
    """Seal secrets so that only this server can open them.

    Each FILE of a clone, or of the config volume, is sealed in its place: in mailserver.env,
    postfix-sasl-password.cf and dovecot-masters.cf (and where LDAP, Fetchmail and Getmail keep passwords)
    only the secrets are, so that the rest can be reviewed; any other file is sealed as a whole. Without
    FILE, or with -, a whole text is read from stdin, sealed and printed, in the age format. Needs no
    server where config/gitops/recipient.txt is at hand.
    """
    from controlplane.cli.clone import sealing

    if value and files:
        raise UsageError.because("--value takes no FILE", "give the value on the terminal or on stdin")
    if value:
        click.echo(sealing.value(_ask(), Path()))
    for name in files or (() if value else (STDIN,)):
        if name == STDIN:
            click.echo(sealing.whole(sys.stdin.buffer.read(), Path()), nl=False)
            continue
        done = sealing.file(Path(name))
        if stdout:
            click.echo(done.content, nl=False)
        elif done.summary:
            sealing.replace(Path(name), done.content)
        say(f"✔ {name}: {done.summary}" if done.summary else f"  {name}: nothing to seal")


def _ask() -> str:
    if sys.stdin.isatty():
        given = click.prompt("Value", hide_input=True, confirmation_prompt="Once more", err=True)
    else:
        given = sys.stdin.read().rstrip("\r\n")
    if not given:
        raise UsageError.because("the value is empty", "give it on the terminal or on stdin")
    return str(given)
