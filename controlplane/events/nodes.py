"""What nodes report: who they are, how releases fared, what drifted."""

from __future__ import annotations

from pydantic import Field

from controlplane.events.base import Event
from controlplane.image import newest
from controlplane.model import Draft, daemon_rows
from wire.manifest import Action


class _OfNode(Event):
    effect = "report"
    node: str

    @property
    def subject(self) -> str:
        return self.node


class NodeObserved(_OfNode):
    """A node reported its host name, and the image that it runs."""

    kind = "node.observed"
    version = 2
    hostname: str
    """The fully qualified domain name it serves as."""
    renderer: str = ""
    """The version of its image; empty where nobody said."""
    daemons: dict[str, str] = Field(default_factory=dict)
    """The versions of its daemons by package."""

    @property
    def detail(self) -> str:
        return f"is {self.hostname}" + (f", version {self.renderer}" if self.renderer else "")

    def apply(self, draft: Draft) -> None:
        draft.update_node(self.node, hostname=self.hostname)
        if self.renderer:
            before = draft.nodes[self.node].newest_renderer
            draft.update_node(
                self.node,
                renderer=self.renderer,
                newest_renderer=newest(before, self.renderer),
                daemons=daemon_rows(self.daemons),
            )


class _OfRelease(_OfNode):
    release: int
    """Its number on `rendered`."""
    seconds: float
    """From the start of the attempt to its end."""
    position: int = 0
    """The position of the log that the release was rendered from; 0 in events of earlier versions."""


class ReleaseApplied(_OfRelease):
    """The release serves on the node: every probe answered."""

    kind = "release.applied"
    actions: dict[str, str] = Field(default_factory=dict)
    """What was done to which service: none, reload, restart, start, stop."""
    held: tuple[str, ...] = ()
    """What of `main` failed before, so that the node serves the last good content instead: files, and for an
    entry of a file its name, such as `mailserver.env:NAME` (earlier versions named the whole file)."""

    @property
    def detail(self) -> str:
        done = ", ".join(f"{s} {a}" for s, a in sorted(self.actions.items()) if a != Action.NONE)
        held = f"; held: {', '.join(self.held)}" if self.held else ""
        return f"release {self.release} in {self.seconds:.2f} s" + (f" ({done})" if done else "") + held

    def apply(self, draft: Draft) -> None:
        draft.update_node(self.node, applied=self.release, attempted=self.release, failure="", held=self.held)


class ReleaseDegraded(_OfNode):
    """The release serves although something that worked before does not any more: somebody keeps it so."""

    kind = "release.degraded"
    release: int
    """Its number on `rendered`."""
    steps: tuple[str, ...]
    """What does not work, and what was said."""

    @property
    def detail(self) -> str:
        return f"release {self.release} is kept on purpose, without {'; '.join(self.steps)}"

    def apply(self, draft: Draft) -> None:
        """Nothing: what works is asked of the node."""


class _FailedRelease(_OfRelease):
    service: str = ""
    """The service at fault, where one is known."""
    reason: str
    """The checker's or the daemon's own words."""
    origin: str = ""
    """The file and line of `main` that the complaint leads to, where known."""
    serving: int
    """The release that goes on serving."""

    @property
    def detail(self) -> str:
        where = f" ({self.origin})" if self.origin else ""
        return f"release {self.release}: {self.reason}{where}; {self.serving} serves"

    def apply(self, draft: Draft) -> None:
        failure = f"{self.reason} ({self.origin})" if self.origin else self.reason
        draft.update_node(self.node, applied=self.serving, attempted=self.release, failure=failure)


class ReleaseRejected(_FailedRelease):
    """Validation on the node failed: nothing was written, the release is quarantined."""

    kind = "release.rejected"


class ReleaseRolledBack(_FailedRelease):
    """The release was tried, a service did not come up, and the last good release was restored."""

    kind = "release.rolled_back"


class ApplySuspended(_OfNode):
    """Releases are still made but not applied until somebody resumes."""

    kind = "apply.suspended"

    def apply(self, draft: Draft) -> None:
        draft.update_node(self.node, suspended=True)


class ApplyResumed(_OfNode):
    """Releases are applied again."""

    kind = "apply.resumed"

    def apply(self, draft: Draft) -> None:
        draft.update_node(self.node, suspended=False)


class DriftDetected(_OfNode):
    """Managed files differ from the applied release."""

    kind = "drift.detected"
    paths: tuple[str, ...]

    @property
    def detail(self) -> str:
        return ", ".join(self.paths)

    def apply(self, draft: Draft) -> None:
        draft.update_node(self.node, drifted=self.paths)


class DriftHealed(_OfNode):
    """The files match the applied release again."""

    kind = "drift.healed"
    paths: tuple[str, ...]

    @property
    def detail(self) -> str:
        return ", ".join(self.paths)

    def apply(self, draft: Draft) -> None:
        draft.update_node(self.node, drifted=())


class PathsOvermounted(_OfNode):
    """The set of managed files with a mount over them changed: the server leaves those alone."""

    kind = "node.pinned"
    paths: tuple[str, ...]

    @property
    def detail(self) -> str:
        return (
            f"pinned by a mount: {', '.join(self.paths)}"
            if self.paths
            else "nothing is mounted over any more"
        )

    def apply(self, draft: Draft) -> None:
        draft.update_node(self.node, overmounted=self.paths)


class PatchesRun(_OfNode):
    """What user-patches.sh does to managed files changed; it is intended, so it is no drift."""

    kind = "patches.run"
    files: dict[str, str]
    """Path to mode and blob id, "" for a file that it removed."""
    failure: str = ""
    """Why it failed while the server goes on."""

    @property
    def detail(self) -> str:
        changed = f"changed {', '.join(sorted(self.files))}" if self.files else "changed no managed file"
        return f"{changed}; {self.failure}" if self.failure else changed

    def apply(self, draft: Draft) -> None:
        rows = tuple(f"{path} {found}" for path, found in sorted(self.files.items()))
        draft.update_node(self.node, patched=rows, patch_failure=self.failure)


class EditRefused(_OfNode):
    """A hand edit on the config volume could not be taken over; the file was left as it is."""

    kind = "edit.refused"
    path: str
    reason: str

    @property
    def subject(self) -> str:
        return self.path

    @property
    def detail(self) -> str:
        return self.reason

    def apply(self, draft: Draft) -> None:
        """Nothing changes: the server goes on with the previous content."""
