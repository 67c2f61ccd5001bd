"""What agents are told."""

from typing_extensions import TypedDict

from controlplane.protocol.changes import Refusal


class Target(TypedDict):
    """The release that a node should serve."""

    release: str
    """Its commit on `rendered`; empty before the first."""
    number: int
    """Its number; 0 before the first."""
    main: str
    """The commit of `main` to write to the config volume."""


class LastApplied(TypedDict, total=False):
    """A release that was applied; empty where the log has none."""

    release: str
    """Its commit on `rendered`."""
    number: int
    """Its number."""
    main: str
    """The commit of `main` that it was rendered from."""


class KnownCertificate(TypedDict):
    """A certificate as the log has it."""

    slot: str
    fingerprint: str
    """SHA-256 of the certificate, hex."""
    names: list[str]
    serial: str
    not_before: str
    """RFC 3339."""
    not_after: str
    """RFC 3339."""
    issuer: str
    made_here: bool
    """Whether the agent made it."""
    chain: str
    """SHA-256 of the chain in PEM, hex."""
    key: str
    """Algorithm and size."""
    source: str
    """Where the node read it."""


class Welcome(Target):
    """The release to serve, and what the log knows that the node may have lost."""

    certificates: list[KnownCertificate]
    suspended: bool
    """Whether releases are held back."""
    applied: LastApplied
    """Where the agent names no release: the one that was applied last."""


class TakenOver(TypedDict):
    """What became of edits in the config volume."""

    refused: list[Refusal]
    overruled: list[str]
    """Paths that are written anew, since `main` has them in another form."""
    main: str
    """The commit of `main` by now."""
