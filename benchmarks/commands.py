"""How long people wait at the prompt for each kind of command of `setup`, `docker exec` included.

python -m benchmarks.commands --accounts 5000 --repeat 5
"""

from __future__ import annotations

import argparse
import time

from benchmarks.server import PASSWORD, Server, docker, git, poll, server
from benchmarks.table import print_table, seconds

COMMANDS = (
    "help",
    "email list",
    f"email add new@example.test {PASSWORD}",
    "email update new@example.test other",
    "alias add info@example.test user1@example.test",
    "alias list",
    "alias del info@example.test user1@example.test",
    "quota set user2@example.test 10M",
    "quota del user2@example.test",
    "relay add-domain sender.test smtp.relay.test",
    f"relay add-auth sender.test user {PASSWORD}",
    "relay exclude-domain sender.test",
    f"dovecot-master add admin {PASSWORD}",
    "dovecot-master update admin other",
    "dovecot-master list",
    "dovecot-master del admin",
    "email restrict add send user3@example.test",
    "email restrict list send",
    "email restrict del send user3@example.test",
    "email del -y new@example.test",
)
"""In an order that leaves the server as it was, but for the relay's files, so that they can be repeated."""
RELAY_FILES = ("postfix-relaymap.cf", "postfix-sasl-password.cf")


def wait_for(target: Server, command: str) -> float:
    """Seconds until the command has returned: what it changed serves by then."""
    begun = time.monotonic()
    docker("exec", target.name, "setup", *command.split())
    return time.monotonic() - begun


def _remove_relays(target: Server) -> None:
    """No command takes a relay away, so a push does: the next round finds none, as the first did."""
    with target.clone() as clone:
        git(clone, "rm", "-q", *(f"config/{name}" for name in RELAY_FILES))
        git(clone, "commit", "-q", "-m", "Remove the relays")
        git(clone, "push", "-q")
    docker("exec", target.name, "mailctl", "reconcile")  # returns when the newest release serves


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--accounts", type=int, default=5000)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    taken: dict[str, list[float]] = {command: [] for command in COMMANDS}
    with server(options.accounts) as target:
        poll(target.healthy, 120)
        for _ in range(options.repeat):
            for command in COMMANDS:
                taken[command].append(wait_for(target, command))
            _remove_relays(target)
    print_table(
        [f"setup …, {options.accounts} accounts", "seconds"],
        ([f"`{command}`", seconds(rows)] for command, rows in taken.items()),
    )


if __name__ == "__main__":
    main()
