"""What Postfix makes of a folder of configuration, by its own account (postconf(1))."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agent.commands import Ran, run_all

DEADLINE = 10.0
DIRECTORIES = (
    "daemon_directory",
    "command_directory",
    "data_directory",
    "meta_directory",
    "queue_directory",
    "shlib_directory",
)
"""Parameters without whose folder Postfix does not run."""
ALWAYS = (
    *DIRECTORIES,
    "mail_owner",
    "proxy_read_maps",
    "proxy_write_maps",
    "smtpd_restriction_classes",
    "smtpd_sasl_type",
    "smtpd_sasl_path",
)
"""Parameters whose values count wherever they come from."""


@dataclass(frozen=True)
class Answers:
    """Answers to questions about one folder, every `$name` in them expanded."""

    folder: str
    settings: Ran
    """`name = value` for each parameter that main.cf sets."""
    options: Ran
    """`service/type/name = value` for each `-o` of master.cf."""
    values: Mapping[str, str]
    """Those of `ALWAYS`."""
    types: frozenset[str]
    """Types of tables."""
    services: Mapping[str, list[str]]
    """The fields of each service of master.cf, by name and type as "smtp/inet"."""


def ask(folder: str) -> Answers:
    """Ask everything side by side: it takes as long as one question."""
    settings, options, types, values, master = run_all(
        (
            ("postconf", "-c", folder, "-nx"),
            ("postconf", "-c", folder, "-Px"),
            ("postconf", "-m"),
            ("postconf", "-c", folder, "-x", *ALWAYS),
            ("postconf", "-c", folder, "-M"),
        ),
        DEADLINE,
    )
    rows = (row.split() for row in master.output.splitlines())
    return Answers(
        folder,
        settings,
        options,
        dict(pairs(values.output)),
        frozenset(types.output.split()),
        {"/".join(row[:2]): row for row in rows if len(row) > PROGRAM},
    )


PROGRAM = 7
"""The field of a service that names its program (master(5))."""


def pairs(output: str) -> Iterator[tuple[str, str]]:
    """(name, value) of each line that postconf prints."""
    for row in output.splitlines():
        name, equals, value = row.partition(" =")
        if equals:
            yield name.strip(), value.strip()
