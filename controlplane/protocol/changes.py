"""What is said of a change that was made, or could be."""

from typing import Any, Literal

from typing_extensions import TypedDict

from controlplane.protocol.plans import PlanRow, ProblemRow
from wire.outcomes import OutcomeKind


class Nothing(TypedDict):
    """An empty object."""


class OutcomeDetails(TypedDict, total=False):
    """What the agent says of an apply besides how it ended."""

    seconds: float
    """How long it took."""
    serving: int
    """The release that serves since."""
    service: str
    """Which one failed; empty where none did."""
    reason: str
    """Why it failed; empty where it did not."""
    path: str
    """The rendered file at fault, without leading slash."""
    line: int
    """Of that file, from 1; 0 where none is."""
    id: str
    """Of the attempt."""
    commit: str
    """Of the release, on `rendered`."""
    serving_commit: str
    """Of the release that serves since."""
    at: float
    """When it ended, in seconds since 1970."""
    actions: dict[str, str]
    """What was done, by service."""
    held: list[dict[str, Any]]
    """What failed and is held on the node: rows of the agent's quarantine."""
    observed: dict[str, Any]
    """What the node says of its files since."""
    digest: str
    """Of the content that failed."""
    earlier: list[dict[str, Any]]
    """Outcomes of tries before this one, which left less out."""


class Applied(OutcomeDetails):
    """How the apply of a release ended."""

    outcome: OutcomeKind
    """Quarantined: the same content failed before."""
    release: int
    """The one that was tried."""


class Recorded(TypedDict):
    """Where a change is in the log."""

    position: int
    """Of its change set in the log; 0 where nothing had to be changed."""


class Made(Recorded):
    """A change and its plan."""

    release: int
    """The number of the newest release with it."""
    commit: str
    """Of `main`."""
    text: list[str]
    """Lines of its plan."""
    plan: PlanRow
    outcome: Applied | None
    """null where nobody waited, or the agent did not answer in time."""


class Change(Made):
    """A recorded change and what came of it."""

    held: list[str]
    """A line for each thing that failed and is held on the node."""
    waits: bool
    """Whether some of this change does not serve for that."""


class Written(Made):
    """The change of a config folder where there is neither a server nor a state repo."""

    written: list[str]
    """The files that changed."""


class MayBeMade(TypedDict, total=False):
    """What is said of a change where it was carried out: neither with `dry_run` nor with problems."""

    position: int
    """Of its change set in the log. Absent, as what follows, with `dry_run` and with problems."""
    release: int
    """The number of the newest release with it."""
    commit: str
    """Of `main`."""
    outcome: Applied | None
    """null where nobody waited, or the agent did not answer in time."""
    held: list[str]
    """A line for each thing that failed and is held on the node."""
    waits: bool
    """Whether some of this change does not serve for that."""


class WayBack(MayBeMade):
    """The plan of a rollback or a revert, and the change where it was carried out."""

    title: str
    """Lines that say where to."""
    notes: list[str]
    """What is not as one might expect."""
    text: list[str]
    """Lines of the plan."""
    plan: PlanRow
    different: bool
    """Whether `main` changes."""
    refused: list[ProblemRow]
    """Too much would go. Only the answer to `dry_run` has any, else they are the error."""
    main: str
    """The commit that it was planned on. Given with the next request, that plan is carried out or none."""


Done = Literal["added", "replaced", "merged", "same", "left out"]
Support = Literal["supported", "later", "unknown", ""]


class ImportItem(TypedDict):
    """A file or a setting of an import, and what becomes of it."""

    name: str
    """The path on `main` (of what is left out: the one it would have), or the setting's name."""
    done: Done
    """What becomes of it on `main`."""
    support: Support
    """Whether any service reads it; empty where that does not matter."""
    note: str
    """Why, in words."""
    sealed: bool
    """Whether secrets in it were sealed."""
    line: int
    """Where the setting stands in the file that was given; 0 for a file."""


class Taken(MayBeMade):
    """What an import does, and the change where it was carried out."""

    files: list[ImportItem]
    settings: list[ImportItem]
    problems: list[ProblemRow]
    """With any, nothing was changed."""
    text: list[str]
    """Lines of the plan."""
    plan: PlanRow


class Refusal(TypedDict):
    """A file of the config volume that is not taken over."""

    path: str
    """Below the volume."""
    reason: str
    """Why not."""


class Reconciled(Change):
    """A Change (position 0: nothing new was recorded) and what was put right besides."""

    before: int
    """The release that served before."""
    healed: list[str]
    """Drifted files that were put back."""
    patched: bool
    """Whether user-patches.sh, which had failed, ran."""
    volume_refused: list[Refusal]
