"""`python -m controlplane.daemon.catch_up ROOT [COMMIT]`: make what is derived from the log.

A program of its own: it takes memory and time that nobody should wait for, and gives both back. The log is
read up to COMMIT where the rest cannot be read. Ends with 0, with 1, or with DAMAGED for a damaged log.
"""

from __future__ import annotations

import sys
from pathlib import Path

from controlplane.errors import Corrupt, MailserverError
from controlplane.intake.stores import Stores

DAMAGED = 2


def catch_up(root: Path, until: str | None = None) -> None:
    """Make the checkpoints and the rows of the read model that are missing; raises MailserverError."""
    stores = Stores.beside(root)
    if until is not None:
        stores.log.hold_at(until)
    stores.checkpoints.catch_up(stores.log)
    stores.projected.caught_up()


def main() -> int:
    """The exit status; stderr has the reason."""
    try:
        catch_up(Path(sys.argv[1]), *sys.argv[2:3])
    except (MailserverError, OSError) as error:
        print(error, file=sys.stderr)
        return DAMAGED if isinstance(error, Corrupt) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
