"""`mailctl dovecot translate`."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import BinaryIO

import click

from controlplane.cli.text.terminal import say, show_lines
from controlplane.errors import Problem, Refused


@click.command("translate")
@click.argument("file", type=click.File("rb"))
def command(file: BinaryIO) -> None:
    """Print FILE, written for Dovecot 2.3, as it is for 2.4; `-` is standard input.

    For files that are mounted over /etc/dovecot/conf.d, to write them anew: they are served as this prints
    them. What is written for 2.4 is printed as it is.
    """
    from renderers import SERVICES  # they take longer to load than any command may to start

    content, name = file.read(), PurePosixPath(file.name).name
    paths = (f"dovecot/{name}", "dovecot.cf")  # below config/
    all_of_them = (each.upgraded(path, content) for path in paths for each in SERVICES)
    found = next(filter(None, all_of_them), None)
    if found is None:
        raise Refused.because(f"{name} is not a text in UTF-8", "open it, or convert it", name)
    if found.problems:
        raise Refused([Problem(name, each.line, each.message, each.cure) for each in found.problems])
    show_lines(found.content.decode().removesuffix("\n").split("\n"))
    say("✔ the file is as it was" if found.content == content else "✔ written for 2.4")
