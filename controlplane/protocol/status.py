"""What is said of the server as it is now. The agent knows the half of it (docs/agent.md)."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from controlplane.protocol.canary import Canary
from controlplane.protocol.changes import OutcomeDetails, Refusal
from controlplane.protocol.plans import ProblemRow
from wire.outcomes import OutcomeKind


class CertificateRow(TypedDict):
    """A certificate."""

    slot: str
    """`default` or `alternative`."""
    names: list[str]
    """Whom it is for."""
    key: str
    """Kind and size."""
    issuer: str
    serial: str
    fingerprint: str
    """SHA-256."""
    not_before: str
    """RFC 3339."""
    not_after: str
    """RFC 3339."""
    days: int
    """Whole ones until its end; negative after it."""
    source: str
    """The file that it was read from."""
    made_here: bool
    """Whether the agent made it."""
    serves: bool
    warnings: list[str]


class RefusedCertificate(TypedDict):
    """A pair that was not taken over."""

    slot: str
    """`default` or `alternative`."""
    reason: str


class PassedOverCertificate(TypedDict):
    """A pair that would go before the one that serves, and cannot serve."""

    slot: str
    """`default` or `alternative`."""
    place: str
    """The file that it was read from, with the entry of a store."""
    reason: str


class Certificates(TypedDict):
    """What serves, when it ends, and what was not taken over."""

    certificates: list[CertificateRow]
    refused: list[RefusedCertificate]
    passed_over: list[PassedOverCertificate]
    """Empty where the agent does not answer."""


class ProbeRow(TypedDict):
    """The last check of a service."""

    name: str
    ok: bool
    ms: float
    """Milliseconds that the answer took."""
    detail: str
    """Why it did not succeed."""


class ServiceRow(TypedDict):
    """A service of the release that serves."""

    name: str
    state: Literal["serving", "running", "down"]
    """Running: its programs are there, and a probe does not succeed."""
    since: float
    """When its last program started, in seconds since 1970."""
    seconds: float
    """How long its last program runs."""
    probes: list[ProbeRow]
    memory_kib: int
    """KiB of all its processes; shared memory counts in proportion."""


class Failure(OutcomeDetails):
    """Why the newest release that was tried does not serve, and what is to blame."""

    release: int
    """The one that failed."""
    outcome: NotRequired[OutcomeKind]
    """As in Applied."""
    origin: NotRequired[str]
    """The line of `main` behind it, as `path:line`; empty where none is known."""
    change: NotRequired[str]
    """The change set to blame, in words."""
    position: NotRequired[int]
    """Its position; 0 where none is known."""
    main: NotRequired[str]
    """Its commit of `main`."""
    back: NotRequired[int]
    """The position of what serves."""


class HeldRow(TypedDict):
    """Something that failed and is not served, while the rest is."""

    what: str
    """In words."""
    origin: str
    """The line of `main`, as `path:line`; empty where none is known."""
    change: str
    """The change set to blame, in words."""
    position: int
    """Its position."""
    main: str
    """Its commit of `main`."""
    reason: str
    """Why it failed."""
    service: str
    """What failed."""
    files: list[str]
    """Of `main`; an entry of a file as `mailserver.env:NAME`."""
    beside: list[str]
    """Those of them that are not to blame."""
    rendered: list[str]
    """Files in the container, without leading slash."""


class DamageRow(TypedDict):
    """A part of the state volume that is lost, and cannot be put back."""

    part: str
    what: str
    """What is wrong with it."""
    cure: str
    """What to do about it."""


class RepairRow(TypedDict):
    """A part of the state volume that was lost and is back."""

    part: str
    how: str
    """What it was restored from."""
    at: NotRequired[float]
    """When, in seconds since 1970; only of what the agent restored."""


class Room(TypedDict):
    """The space of a volume."""

    volume: str
    """`state`, `mail` or `config`."""
    path: str
    condition: Literal["ok", "low", "full", "read-only"]
    free: int
    """Bytes."""
    size: int
    """Bytes."""
    inodes: int
    """Free ones."""
    needed: bool
    """Whether mail or changes come to a stop without it."""


class Large(TypedDict):
    """A part of a volume."""

    part: str
    path: str
    size: int
    """Bytes."""


class RendererRow(TypedDict):
    """The version that renders."""

    version: str
    newest: str
    """The newest one that ever rendered this log, where that is newer; else empty."""
    refused: list[ProblemRow]
    """Why it cannot render the state, so that what the version before rendered goes on serving."""
    waits: str
    """What keeps the upgrade to it from being recorded; empty where nothing does."""


class WeakHashes(TypedDict):
    """How many log-ins have a hash of a weak scheme, by its name."""

    accounts: dict[str, int]
    """Accounts of `main` by scheme, such as `MD5-CRYPT`."""
    masters: dict[str, int]
    """Master accounts by scheme."""


class Status(TypedDict):
    """The agent's status and what the control plane knows besides. Without an agent only the latter."""

    node: str
    hostname: str
    applied: int
    """The release that serves; 0 for none."""
    applied_commit: NotRequired[str]
    """Its commit on `rendered`."""
    attempted: int
    """The newest release that was tried."""
    suspended: bool
    """Whether releases are held back."""
    healthy: bool
    """Every probe succeeds, mail can be written and goes through; false with any `damage` or `unwritable`."""
    failure: Failure | None
    """null where the newest one that was tried serves."""
    services: NotRequired[list[ServiceRow]]
    drift: list[str]
    """Managed files that somebody changed."""
    pinned: NotRequired[list[str]]
    """Managed files that something is mounted over."""
    patched: NotRequired[dict[str, str]]
    """What user-patches.sh made of managed files: mode and git object by path."""
    patch_failure: NotRequired[str]
    """Why user-patches.sh failed; empty where it did not."""
    left_by_patches: NotRequired[list[str]]
    """Files that user-patches.sh made, and that somebody changed since."""
    held: NotRequired[list[HeldRow]]
    """What of the newest release is not served."""
    unfilled: NotRequired[dict[str, str]]
    """Why words in a file could not be replaced, by path."""
    canary: NotRequired[Canary]
    """Whether mail goes all the way through."""
    dns: NotRequired[bool]
    """Whether names can be looked up."""
    room: NotRequired[list[Room]]
    """One for each volume."""
    largest: NotRequired[list[Large]]
    """What takes most, where a volume is scarce."""
    volume: NotRequired[str]
    """What keeps the config volume from being read or written; empty for nothing."""
    volume_refused: NotRequired[list[Refusal]]
    """Files of the config volume that are not taken over."""
    ready: NotRequired[bool]
    """Whether the start is over."""
    certificates: list[CertificateRow]
    certificate_refused: dict[str, str]
    """The reason by slot."""
    damage: list[DamageRow]
    repairs: list[RepairRow]
    unwritable: str
    """Why nothing can be changed; empty where everything can."""
    position: int
    """The newest change set."""
    verified: int
    """The position up to which the log was verified since the daemon started."""
    release: int
    """The newest one."""
    pins: dict[str, str | None]
    """Settings that the container's environment pins; null for a secret."""
    unsupported: list[str]
    """Settings that are given and have no effect yet."""
    weak_hashes: WeakHashes
    """What `mailctl accounts --weak` lists."""
    in_clear: list[str]
    """Places of `main` with a secret in the clear."""
    environment: list[str]
    """Complaints about the container's environment."""
    trouble: list[ProblemRow]
    """What keeps `main` from being taken over."""
    renderer: RendererRow
