"""Every request of the control socket: one model each. What does not fit is told, and nothing breaks.

Unknown fields are passed over, so that an older daemon answers a newer client.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, ValidationError

from controlplane.errors import Problem, UsageError
from controlplane.statefiles.treefile import REGULAR, TreeFile
from wire.lines import Request

CURE = "see docs/reference/control-protocol.md"
MOST_PROBLEMS = 10


def _text(value: object) -> str:
    # pydantic's own strings take no half of a surrogate pair, and names of git may be any bytes
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError("is not a text")  # noqa: TRY004  # pydantic collects ValueErrors
    return value


def _decoded(value: object) -> bytes:
    try:
        return base64.b64decode(_text(value), validate=True)
    except binascii.Error:
        raise ValueError("is not base64") from None


def _words(value: object) -> tuple[str, ...]:
    if isinstance(value, list | tuple):
        return tuple(map(_text, value))
    return (_text(value),) if value else ()


def _tree(value: object) -> dict[str, TreeFile]:
    if not isinstance(value, dict):
        raise ValueError("is not a tree")  # noqa: TRY004
    files = {}
    for path, file in value.items():
        if not isinstance(file, dict) or "content" not in file:
            raise ValueError(f"is not a tree: {path} has no content")
        mode = file.get("mode") or REGULAR
        if not isinstance(mode, int):
            raise ValueError(f"is not a tree: the mode of {path} is no number")  # noqa: TRY004
        files[_text(path)] = TreeFile(_decoded(file["content"]), mode)
    return files


def _positions(value: object) -> tuple[int, ...]:
    words = [str(word) for word in value] if isinstance(value, list) else []
    if not words or not all(word.isascii() and word.isdecimal() and len(word) < 10 for word in words):
        raise UsageError.because(
            "a change set is named by its position, a number", "`mailctl log` shows the positions"
        )
    return tuple(int(word) for word in words)


Text = Annotated[str, PlainValidator(_text)]
Words = Annotated[tuple[str, ...], PlainValidator(_words)]
"""One text or several."""
Content = Annotated[bytes, PlainValidator(_decoded)]
Tree = Annotated[dict[str, TreeFile], PlainValidator(_tree)]
"""FILES of the protocol."""
Flag = Annotated[bool, BeforeValidator(lambda value: False if value is None else value)]
Number = Annotated[int, BeforeValidator(lambda value: value or 0), Field(ge=0)]
Seconds = Annotated[float, BeforeValidator(lambda value: value or 0.0), Field(ge=0, allow_inf_nan=False)]
Positions = Annotated[tuple[int, ...], PlainValidator(_positions)]
"""Change sets, at least one."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class Asked(_Model):
    """What every request may carry: who asks, by which program, and why."""

    actor: Text = ""
    source: Text = ""
    reason: Text = ""


class Rehearse(Asked):
    """A command; what else the request holds are its arguments."""

    model_config = ConfigDict(extra="allow")

    command: Text = ""

    @property
    def arguments(self) -> Mapping[str, Any]:
        """The arguments of the command, and its name."""
        return {**(self.model_extra or {}), "command": self.command}


class Edit(Rehearse):
    """A command to be carried out."""

    wait: Flag = True
    allow_mass_delete: Flag = False


class Import(Asked):
    """A configuration that somebody brings along."""

    files: Tree
    env: Content | None = None
    replace: Flag = False
    dry_run: Flag = False
    allow_mass_delete: Flag = False
    wait: Flag = True


class GoingBack(Asked):
    """What `rollback` and `revert` have in common. `main`: the commit that a plan was shown for."""

    dry_run: Flag = False
    allow_mass_delete: Flag = False
    main: Text = ""
    wait: Flag = True


class Rollback(GoingBack):
    """Back to a state as a whole."""

    target: Text = ""
    skip_refused: Flag = False


class Revert(GoingBack):
    """Back without single change sets."""

    positions: Positions = Field(default=(), validate_default=True)


class Status(Asked):
    """`wait`: for a release to be tried, 0 for none; `timeout`: seconds."""

    wait: Number = 0
    timeout: Seconds = 0.0


class Reconcile(Asked):
    """Apply again what is newest."""

    wait: Flag = False


class Show(Asked):
    """The state at a revision; `live`: what served then."""

    at: Text = ""
    live: Flag = False


class Diff(Asked):
    """Two revisions."""

    a: Text = ""
    b: Text = ""


class Explain(Asked):
    """A setting."""

    name: Text = ""


class Plan(Asked):
    """A tree or a revision against the state, or against another revision."""

    base: Text = ""
    target: Text = ""
    files: Tree | None = None


class Validate(Asked):
    """A tree or a revision."""

    revision: Text = ""
    files: Tree | None = None


class LogFilters(_Model):
    """Which events `log` lets through."""

    kind: Words = ()
    actor: Words = ()
    outcome: Words = ()
    subject: Text = ""
    source: Text = ""
    since: Text = ""
    until: Text = ""
    text: Text = ""


class Log(Asked):
    """The newest events."""

    filters: Annotated[LogFilters, BeforeValidator(lambda value: value or {})] = LogFilters()
    limit: Number = 0


class History(Asked):
    """The events of one subject."""

    subject: Text = ""
    outcome: Words = ()


class Push(Asked):
    """What git tells its hooks (githooks(5)). `updates`: old and new commit, and the reference."""

    updates: tuple[tuple[Text, Text, Text], ...] = ()
    quarantine: Text = ""
    options: tuple[Text, ...] = ()
    process: Number = 0


class Report(Asked):
    """What an agent sends."""

    node: Text = ""


class Repair(_Model):
    """A record of the agent's that was put back."""

    part: Text
    how: Text


class Hello(Report):
    """The agent is there. An empty `applied_commit`: its record is lost."""

    observed: Annotated[dict[str, Any], BeforeValidator(lambda value: value or {})] = {}
    applied_commit: Text = ""
    repairs: Annotated[tuple[Repair, ...], BeforeValidator(lambda value: value or ())] = ()


class Certificate(Report):
    """A pair was seen (`chain`), refused (the reason), or removed."""

    slot: Text = ""
    chain: Text = ""
    place: Text = ""
    made_here: Flag = False
    refused: Text = ""
    removed: Flag = False


class Change(_Model):
    """A file of the config volume; without content it is gone."""

    path: Text
    content: Content | None = None
    executable: Flag = False
    base: Text = ""


class Volume(Report):
    """Files of the config volume that somebody edited."""

    changes: Annotated[tuple[Change, ...], BeforeValidator(lambda value: value or ())] = ()


class Drift(Report):
    """Managed files that differ."""

    paths: Annotated[tuple[Text, ...], BeforeValidator(lambda value: value or ())] = ()


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
