"""The matrix: parts of the state volume, kinds of damage, moments."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

GIT = "git --git-dir=/var/mail-state/state.git"
REPOSITORY = "/var/mail-state/state.git"


@dataclass(frozen=True, slots=True)
class Part:
    """A file or folder of the state volume.

    `find` is a shell command that prints its path, run while everything is whole. `derived` parts are made
    anew from the others, so that nothing needs to be said of one that is lost.
    """

    name: str
    find: str
    derived: bool = False


@dataclass(frozen=True, slots=True)
class Damage:
    """A kind of damage: `inflict` is a shell command that gets the path as $1."""

    name: str
    inflict: str


@dataclass(frozen=True, slots=True)
class Case:
    """One cell of the matrix."""

    part: Part
    damage: Damage
    moment: str

    @property
    def id(self) -> str:
        """How pytest and the report call it."""
        return f"{self.part.name}-{self.damage.name}-{self.moment}".replace(" ", "_")


def _loose(revision: str) -> str:
    """The path of the loose object that a revision names."""
    return f"o=$({GIT} rev-parse '{revision}'); echo {REPOSITORY}/objects/${{o:0:2}}/${{o:2}}"


def _file(path: str) -> str:
    return f"echo /var/mail-state/{path}"


PARTS = (
    Part("reference main", _file("state.git/refs/heads/main")),
    Part("reference events", _file("state.git/refs/heads/events")),
    Part("reference rendered", _file("state.git/refs/heads/rendered")),
    Part("HEAD", _file("state.git/HEAD")),
    Part("git config", _file("state.git/config")),
    Part("commit of main", _loose("main")),
    Part("file of main", _loose("main:config/postfix-accounts.cf")),
    Part("commit of events", _loose("events")),
    Part("record of events", _loose("events:change-set.json")),
    Part("commit of rendered", _loose("rendered")),
    Part("tree of rendered", _loose("rendered:mail")),
    Part("file of rendered", _loose("rendered:mail/etc/postfix/main.cf")),
    Part("snapshot", _file("control/snapshot.json"), derived=True),
    Part("read model", _file("control/readmodel.sqlite"), derived=True),
    Part("identity", _file("control/identity.age")),
    Part("applied record", _file("agent/applied.json")),
    Part("projection record", _file("agent/projection.json")),
    Part("certificate record", _file("agent/slots.json")),
)

DAMAGES = (
    Damage("lost", 'rm -rf "$1"'),
    Damage("zero-length", 'chmod u+w "$1"; : > "$1"'),
    Damage("cut", 'chmod u+w "$1"; truncate -s $(( $(stat -c %s "$1") / 2 )) "$1"'),
    Damage(
        "flipped",
        'chmod u+w "$1"; n=$(( $(stat -c %s "$1") / 2 )); b=$(od -An -tu1 -j $n -N 1 "$1"); '
        'printf "\\\\x$(printf %02x $(( b ^ 16 )))" | dd of="$1" bs=1 seek=$n conv=notrunc status=none',
    ),
    Damage("wrong owner", 'chown nobody:nogroup "$1"; chmod 0600 "$1"'),
)

MOMENTS = ("at start", "running")

CASES = tuple(Case(part, damage, moment) for moment, part, damage in product(MOMENTS, PARTS, DAMAGES))
