"""An import and a push say the same of a file and of a setting."""

from __future__ import annotations

import pytest

from controlplane.intake.importing.clear_secrets import Sealer
from controlplane.intake.importing.prepare import Brought, Here, prepare
from controlplane.intake.proposal import propose_files
from controlplane.model import Desired, Observed, Pin, State
from controlplane.settings import catalog
from controlplane.statefiles.treefile import TreeFile

PINS = {"TLS_LEVEL": Pin("TLS_LEVEL", "modern"), "ENABLE_POP3": Pin("ENABLE_POP3", "0")}
LATER = [
    spec.name for spec in catalog.SETTINGS.values() if not spec.supported and spec.name.startswith("ENABLE_")
]


def _pushed(path: str, content: bytes) -> dict[str, str]:
    state = State(Desired(), Observed(pins=PINS))
    proposal = propose_files(state, None, {path: TreeFile(content)})
    assert proposal.problems == ()
    return {notice.subject: notice.message for notice in proposal.plan.warnings}


@pytest.mark.parametrize("name", ["postfix-vitual.cf", "notes.txt", "rspamd/local.d/x.conf", "getmailrc"])
def test_of_a_file_that_nothing_reads(sealer: Sealer, name: str) -> None:
    """Whoever pushes the file reads what the import would have said."""
    (item,) = prepare(Brought({name: TreeFile(b"x\n")}), Here({}, {}, {}, sealer)).files
    assert item.support == "unknown"
    assert _pushed(f"config/{name}", b"x\n")[name].endswith(item.note)


@pytest.mark.parametrize("name", ["fail2ban-jail.cf", "amavis.cf", "fetchmail.cf", "opendkim/KeyTable"])
def test_of_a_file_that_counts_later(sealer: Sealer, name: str) -> None:
    """What has no effect yet is told in both ways."""
    (item,) = prepare(Brought({name: TreeFile(b"x\n")}), Here({}, {}, {}, sealer)).files
    proposal = propose_files(State(), None, {f"config/{name}": TreeFile(b"x\n")})
    assert item.note in [notice.message for notice in proposal.plan.warnings]


@pytest.mark.parametrize(
    "line",
    [
        "TLS_LEVEL=intermediate",
        "ENABLE_POP3=1",
        "SPAM_SUBJECT=${MARK}",
        "POSTGREY_TEXT=$greeting",
        *(f"{name}=1" for name in LATER),
    ],
)
def test_of_a_setting(sealer: Sealer, line: str) -> None:
    """Pinned, not supported yet, with a variable that nobody fills in."""
    (item,) = prepare(Brought({}, f"{line}\n".encode()), Here({}, {}, PINS, sealer)).settings
    told = _pushed("mailserver.env", f"{line}\n".encode()).get(item.name, "")
    assert item.note
    assert told.startswith(item.note)
