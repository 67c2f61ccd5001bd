"""How long people wait at the prompt for each kind of command of `setup`, `docker exec` included.

python -m benchmarks.commands --against IMAGE --accounts 5000 --rounds 5
"""

from __future__ import annotations

from functools import partial

from benchmarks.changes import Site, command, site
from benchmarks.compare import Figures, arguments, images, report, side_by_side
from benchmarks.server import PASSWORD, docker, git

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


def measure(of: Site) -> Figures:
    """Seconds until each command has returned: what it changed serves by then."""
    taken = {f"`{words}`": command(of, "setup", *words.split()) for words in COMMANDS}
    _remove_relays(of)
    return taken


def _remove_relays(of: Site) -> None:
    """No command takes a relay away, so a push does: the next round finds none, as the first did."""
    git(of.clone, "pull", "-q", "--rebase")
    git(of.clone, "rm", "-q", *(f"config/{name}" for name in RELAY_FILES))
    git(of.clone, "commit", "-q", "-m", "Remove the relays")
    git(of.clone, "push", "-q")
    docker("exec", of.server.name, "mailctl", "reconcile")  # returns when the newest release serves


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=5)
    parser.add_argument("--accounts", type=int, default=5000)
    options = parser.parse_args()
    named = images(options)
    with side_by_side(named, partial(site, accounts=options.accounts)) as turns:
        turns.take(measure, options.rounds)
    report(f"setup …, {options.accounts:,} accounts, seconds", named, turns.found)


if __name__ == "__main__":
    main()
