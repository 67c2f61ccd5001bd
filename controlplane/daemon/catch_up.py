"""`python -m controlplane.daemon.catch_up ROOT`: make what is derived from a long log, beside the daemon.

A program of its own: it takes memory and time that nobody should wait for, and gives both back.
"""

from __future__ import annotations

import sys
from pathlib import Path

from controlplane.errors import MailserverError
from controlplane.intake.stores import Stores


def catch_up(root: Path) -> None:
    """Make the checkpoints and the rows of the read model that are missing; raises MailserverError."""
    stores = Stores.beside(root)
    stores.checkpoints.catch_up(stores.log)
    stores.questions()


def main() -> int:
    """The exit status."""
    try:
        catch_up(Path(sys.argv[1]))
    except (MailserverError, OSError) as error:
        print(f"nothing was made ahead: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
