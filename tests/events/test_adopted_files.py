"""Files that once were kept verbatim: what an old log says of them is still understood."""

from __future__ import annotations

import pytest

from controlplane.events import (
    Event,
    OverrideChanged,
    OverrideRemoved,
    QuotaSet,
    RelayCredentialsSet,
)
from controlplane.events.codec import decode, encode
from controlplane.fold import fold
from controlplane.intake.diff import diff
from controlplane.model import Desired, Master, State
from controlplane.statefiles.table_files import TABLES
from controlplane.statefiles.tree import TreeFile, read_tree

QUOTAS = b"# limits\na@example.test:12M\nnonsense\n"
FILES = {
    "dovecot-quotas.cf": (b"a@example.test:12M\n", {"a@example.test": "12M"}),
    "dovecot-masters.cf": (b"admin|{SHA}x\n", {"admin": Master("admin", "{SHA}x")}),
    "postfix-relaymap.cf": (b"@a.test [b.test]:25\n", {"@a.test": "[b.test]:25"}),
    "postfix-sasl-password.cf": (b"@a.test user:secret\n", {"@a.test": "user:secret"}),
    "postfix-send-access.cf": (b"a@example.test REJECT\n", {"a@example.test": "REJECT"}),
    "postfix-receive-access.cf": (b"a@example.test REJECT\n", {"a@example.test": "REJECT"}),
}
SEALED = b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n"


def _written(event: Event) -> Event:
    """The event as it comes back from a log."""
    record, blobs = encode(event)
    return decode(record, blobs.__getitem__)


def test_every_file_with_a_table_is_here() -> None:
    """A file that gets a format later has a case below."""
    assert {table.path.removeprefix("config/") for table in TABLES.values()} == FILES.keys()


@pytest.mark.parametrize("path", FILES)
def test_a_verbatim_file_of_an_old_log_is_taken_over(path: str) -> None:
    """Folding override.changed gives what the file means, as `main` does; its removal takes that away."""
    content, rows = FILES[path]
    state = fold(State(), [_written(OverrideChanged(path=path, content=content))])
    field = next(name for name, table in TABLES.items() if table.path == f"config/{path}")
    assert getattr(state.desired, field) == rows
    assert not state.desired.overrides
    assert state.desired == read_tree({f"config/{path}": TreeFile(content)})[0]
    assert fold(state, [_written(OverrideRemoved(path=path))]).desired == Desired()


def test_a_later_version_of_the_file_replaces_the_one_before() -> None:
    """What a line said that is gone does not linger; lines with mistakes are passed by."""
    events = [
        OverrideChanged(path="dovecot-quotas.cf", content=b"old@example.test:1G\n"),
        OverrideChanged(path="dovecot-quotas.cf", content=QUOTAS),
        QuotaSet(address="b@example.test", limit="2G"),
    ]
    desired = fold(State(), events).desired
    assert desired.quotas == {"a@example.test": "12M", "b@example.test": "2G"}


def test_a_file_of_comments_may_go() -> None:
    """It said nothing, and its removal is no fault of the log."""
    events = [
        OverrideChanged(path="dovecot-quotas.cf", content=b"# none yet\n"),
        OverrideRemoved(path="dovecot-quotas.cf"),
    ]
    assert fold(State(), events).desired == Desired()


def test_a_file_that_is_sealed_as_a_whole_stays_verbatim() -> None:
    """Only the node can read it; going from rows to a sealed file and back loses nothing."""
    path = "postfix-sasl-password.cf"
    rows = Desired(relay_credentials={"@a.test": "user:secret"})
    whole, problems = read_tree({f"config/{path}": TreeFile(SEALED)})
    assert problems == ()
    assert list(whole.overrides) == [path]
    assert not whole.relay_credentials
    for old, new in ((rows, whole), (whole, rows), (Desired(), whole), (whole, Desired())):
        assert fold(State(old), diff(old, new)).desired == new


def test_credentials_are_not_told() -> None:
    """Neither in the text for people nor in what a traceback would show."""
    event = RelayCredentialsSet(key="@a.test", credentials="user:secret", user="user")
    assert event.detail == "as user"
    assert "secret" not in repr(event)
    assert "secret" not in repr(Desired(relay_credentials={"@a.test": "user:secret"}))
