"""Password hashes that keep nobody from logging in, and that a stolen file gives away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from controlplane.events import AccountAdded, AccountChanged, Event, MasterAdded, MasterChanged
from controlplane.intake.plan import Notice
from controlplane.model import Desired
from controlplane.password_schemes import in_words, weak_scheme, weak_schemes
from controlplane.statefiles import accounts, masters


def master_counts(desired: Desired) -> Mapping[str, int]:
    """How many master accounts have a hash of each weak scheme; those of accounts are in the state."""
    return Counter(weak_schemes(master.password_hash for master in desired.masters.values()))


def notices(after: Desired, events: Iterable[Event]) -> Iterator[Notice]:
    """At most one for each of the two files: the weak hashes that a change brings, and how many there are."""
    new: dict[str, str] = {}
    new_masters: dict[str, str] = {}
    for event in events:
        if isinstance(event, AccountAdded) or (
            isinstance(event, AccountChanged) and "password" in event.what
        ):
            new[event.address] = weak_scheme(event.password_hash)
        elif isinstance(event, MasterAdded | MasterChanged):
            new_masters[event.name] = weak_scheme(event.password_hash)
    yield from _told(accounts.PATH, new, after.weak_counts, "setup email update")
    yield from _told(masters.TABLE.path, new_masters, master_counts(after), "setup dovecot-master update")


def _told(
    path: str, schemes: Mapping[str, str], all_counts: Mapping[str, int], cure: str
) -> Iterator[Notice]:
    weak = {name: scheme for name, scheme in schemes.items() if scheme}
    if not weak:
        return
    total = sum(all_counts.values())
    rest = f"{total} in all; {cure} makes a sound one, mailctl accounts --weak lists them"
    if len(weak) == 1:
        [(name, scheme)] = weak.items()
        yield Notice(name, f"weak password hash ({scheme}), {rest}")
    else:
        yield Notice(path, f"{len(weak)} weak password hashes ({in_words(Counter(weak.values()))}), {rest}")
