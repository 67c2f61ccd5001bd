"""What is said of a change before it is made: problems, plans, validations."""

from typing_extensions import TypedDict


class ProblemRow(TypedDict):
    """One thing wrong with what was given."""

    path: str
    """The file of `main`; empty where no file is at fault."""
    line: int
    """From 1; 0 where no line is at fault."""
    message: str
    """What is wrong."""
    cure: str
    """What to do about it."""
    column: int
    """The first character at fault, from 1; 0 where none is."""
    length: int
    """Characters at fault."""
    excerpt: str
    """The line as it was read, without secrets."""


class EventRow(TypedDict):
    """One thing that a change does."""

    kind: str
    """Such as `account.added`."""
    effect: str
    """`add`, `change`, `remove` or `report`."""
    subject: str
    """What it happens to: an address, a name, a path."""
    detail: str
    """In words, without secrets."""


class FileRow(TypedDict):
    """A rendered file that changes."""

    path: str
    """In the container, without leading slash."""
    service: str
    """Whose file it is."""
    added: int
    """Lines."""
    removed: int
    """Lines."""


class NoticeRow(TypedDict):
    """A warning, which stops nothing."""

    subject: str
    """That of the event that it is about."""
    message: str
    executes: bool
    """Whether the change brings something that runs as root or executes code."""


class PlanRow(TypedDict):
    """What a change does."""

    events: list[EventRow]
    files: list[FileRow]
    actions: dict[str, str]
    """By service: `none`, `reload`, `restart`, `start` or `stop`."""
    add: int
    """Events with this effect."""
    change: int
    """Events with this effect."""
    remove: int
    """Events with this effect."""
    warnings: list[NoticeRow]
    problems: list[ProblemRow]


class Planned(TypedDict):
    """A plan in every form."""

    plan: PlanRow
    text: list[str]
    """Lines for a terminal."""
    markdown: str
    """For a comment on a pull request."""
    different: bool
    """Whether anything changes."""
    problems: list[ProblemRow]
    """What a push would be refused for; the daemons' own checkers were not asked."""


class Validated(TypedDict):
    """What a push would be refused for."""

    problems: list[ProblemRow]
    warnings: list[str]
    checked: list[str]
    """Services whose own checkers were asked."""
    seconds: float
    """How long it took."""
