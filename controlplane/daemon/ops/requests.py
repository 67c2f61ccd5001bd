"""Every request of the control socket: one model each. What does not fit is told, and nothing breaks.

Unknown fields are passed over, so that an older daemon answers a newer client.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from controlplane.daemon.ops.fields import Content, Flag, Number, Positions, Seconds, Text, Tree
from controlplane.errors import Problem, UsageError
from wire.lines import Request

CURE = "see docs/reference/control-protocol.md"
MOST_PROBLEMS = 10


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class Asked(_Model):
    """What every request may carry: who asks, by which program, and why."""

    actor: Text = ""
    """Who asks."""
    source: Text = ""
    """By which program: `setup` or `mailctl`."""
    reason: Text = ""
    """Why, for the log."""


class Rehearse(Asked):
    """A command; what else the request holds are its arguments."""

    model_config = ConfigDict(extra="allow")

    command: Text = ""
    """One of those above, its arguments beside it. Secrets may be missing from a rehearsal."""

    @property
    def arguments(self) -> Mapping[str, Any]:
        """The arguments of the command, and its name."""
        return {**(self.model_extra or {}), "command": self.command}


class Edit(Rehearse):
    """A command to be carried out."""

    wait: Flag = True
    """Answer when the change serves, or failed to."""
    allow_mass_delete: Flag = False
    """Let a list of addresses remove most accounts."""


class Import(Asked):
    """A configuration that somebody brings along."""

    files: Tree
    """Paths from the config folder on."""
    env: Content | None = None
    """A mailserver.env."""
    replace: Flag = False
    """Where `main` has another file or setting, take the one given."""
    dry_run: Flag = False
    """Report and plan; change nothing."""
    allow_mass_delete: Flag = False
    """Let most entries of a kind go."""
    wait: Flag = True
    """Answer when the change serves, or failed to."""


class GoingBack(Asked):
    """What `rollback` and `revert` have in common."""

    dry_run: Flag = False
    """Plan; change nothing."""
    allow_mass_delete: Flag = False
    """Let most entries of a kind go."""
    main: Text = ""
    """The commit that a plan was shown for: that plan is carried out or none."""
    wait: Flag = True
    """Answer when the change serves, or failed to."""


class Rollback(GoingBack):
    """Back to a state as a whole."""

    target: Text = ""
    """A REVISION; 0 is before the first change set."""
    skip_refused: Flag = False
    """Leave files as they are now that would be refused today."""


class Revert(GoingBack):
    """Back without single change sets."""

    positions: Positions = Field(default=(), validate_default=True)
    """Of the change sets, at least one."""


class Status(Asked):
    """What serves."""

    wait: Number = 0
    """For a release to be tried; 0 for none."""
    timeout: Seconds = 0.0
    """Seconds to wait at most; 0 for 60."""


class Reconcile(Asked):
    """Apply again what is newest."""

    wait: Flag = False
    """Answer when it is done, and look for drift before and after."""
    accept: Flag = False
    """Keep the release although the server does less than before."""


class Hashes(Asked):
    """Schemes of password hashes."""

    weak: Flag = False
    """Only weak ones."""


class Show(Asked):
    """The state at a revision."""

    at: Text = ""
    """A REVISION; empty for now."""
    live: Flag = False
    """What served then, rather than what `main` said."""


class Diff(Asked):
    """Two revisions."""

    a: Text = ""
    """A REVISION."""
    b: Text = ""
    """A REVISION; empty for now."""


class Explain(Asked):
    """A setting."""

    name: Text = ""
    """In upper or lower case."""


class Plan(Asked):
    """A tree or a revision against the state, or against another revision."""

    base: Text = ""
    """A REVISION; empty for the state of the log."""
    target: Text = ""
    """A REVISION; empty for `main`."""
    files: Tree | None = None
    """In place of `target`."""


class Validate(Asked):
    """A tree or a revision."""

    revision: Text = ""
    """A REVISION; empty for `main`."""
    files: Tree | None = None
    """In place of `revision`."""


class Project(Asked):
    """Take the log in for questions."""

    wait: Flag = False
    """However long it takes."""
    again: Flag = False
    """From its beginning, since the file is damaged."""


class Push(Asked):
    """What git tells its hooks (githooks(5))."""

    updates: tuple[tuple[Text, Text, Text], ...] = ()
    """Old and new commit, and the reference."""
    quarantine: Text = ""
    """Git's folder of the objects that were pushed."""
    options: tuple[Text, ...] = ()
    """Of the push (git-push(1), -o)."""
    process: Number = 0
    """Git's, which lasts until the references are moved or are not: they are reserved for it."""


class Report(Asked):
    """What an agent sends."""

    node: Text = ""
    """The agent's; one that is not known is refused."""


class MendedRecord(_Model):
    """A record of the agent's that was put back."""

    part: Text
    """What was lost."""
    how: Text
    """What it was restored from."""


class Hello(Report):
    """The agent is there."""

    observed: Annotated[dict[str, Any], BeforeValidator(lambda value: value or {})] = {}
    """What the node says of its files."""
    applied_commit: Text = ""
    """The release that serves; empty: the record of it is lost, or there is none."""
    repairs: Annotated[tuple[MendedRecord, ...], BeforeValidator(lambda value: value or ())] = ()
    """Since the last time."""


class Certificate(Report):
    """A pair was seen (`chain`), refused, or removed."""

    slot: Text = ""
    """Empty for `default`."""
    chain: Text = ""
    """PEM."""
    place: Text = ""
    """Where it was read."""
    made_here: Flag = False
    """Whether the agent made it."""
    refused: Text = ""
    """Why it is not taken over."""
    removed: Flag = False
    """Whether the slot is gone."""


class VolumeChange(_Model):
    """A file of the config volume that somebody edited."""

    path: Text
    """Below the volume."""
    content: Content | None = None
    """Absent where the file is gone."""
    executable: Flag = False
    """Whether its owner may run it."""
    base: Text = ""
    """The git object that it was made from; empty for a new file."""
    again: Flag = False
    """Whether it was refused before as it is, and comes along with others, which may bring what it lacks."""


class Volume(Report):
    """Files of the config volume that somebody edited."""

    changes: Annotated[tuple[VolumeChange, ...], BeforeValidator(lambda value: value or ())] = ()
    """All that are not taken over yet."""


class Drift(Report):
    """Managed files that differ."""

    paths: Annotated[tuple[Text, ...], BeforeValidator(lambda value: value or ())] = ()
    """In the container, without leading slash; none: no longer."""


Model = TypeVar("Model", bound=Asked)


def read(kind: type[Model], request: Request) -> Model:
    """The request as its model. Raises UsageError that names each field that does not fit, and no value."""
    try:
        return kind.model_validate(request)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        rows = [(".".join(map(str, row["loc"])), row["type"], row["msg"]) for row in found[:MOST_PROBLEMS]]
        raise UsageError(Problem("", 0, _complaint(*row), CURE) for row in rows) from None


def _complaint(name: str, kind: str, message: str) -> str:
    if kind == "missing":
        return f"{name} is missing"
    if kind == "value_error":
        return f"{name} {message.removeprefix('Value error, ')}"
    return f"{name}: {message[:1].lower()}{message[1:]}"
