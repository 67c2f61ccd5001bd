"""What a service is: a folder that turns state into files, and says how they take effect.

Everything here is plain data, so that the manifest can carry it to the agent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from controlplane.model import State
from wire.manifest import Action, Compile, Probe


@dataclass(frozen=True, slots=True)
class Origin:
    """Rendered lines from `line` on stem from `path` on `main`, from its line `at` on (all from 1).

    An origin holds until the next one; an empty path ends it. An `at` of 0: the lines are entries of a file
    whose comments were left out, to be found there by their text.
    """

    line: int
    path: str
    at: int = 1


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """A file that a service reads. `path` is absolute in the container, without the leading slash."""

    path: str
    content: bytes = field(repr=False)
    action: Action
    mode: int = 0o644
    owner: str = "root:root"
    compile: Compile = Compile.NOTHING
    origins: tuple[Origin, ...] = ()
    restart_on: tuple[str, ...] = ()
    """Parameters (`name = value` lines) whose changed value makes a reload a restart."""
    fill: bool = False
    """Whether the agent replaces what only the node knows: sealed values, secrets that the environment pins,
    addresses of its networks (docs/agent.md lists the words). A text that is sealed whole is opened."""
    also: tuple[str, ...] = ()
    """Services that the action applies to as well, besides the one that renders the file."""
    readers: tuple[str, ...] = ()
    """Services that the action applies to alone, where the one that renders the file does not read it."""


@dataclass(frozen=True, slots=True)
class CertificateFile:
    """A file that the agent fills from its certificate store; a new identity is a changed file.

    `part` is `chain` or `key`; `services` are those that the action is for.
    """

    path: str
    slot: str
    part: str
    identity: str
    action: Action
    services: tuple[str, ...]
    mode: int = 0o600
    owner: str = "root:root"


AnyFile = RenderedFile | CertificateFile


class CertificateSource(NamedTuple):
    """Where a node looks for a slot's certificate and key: absolute paths in the container."""

    slot: str
    type: str
    pairs: tuple[tuple[str, str], ...]
    """(certificate with chain, key): the first pair that can serve. One file may hold both."""
    store: str = ""
    """A Traefik store (acme.json), which goes before the files; `names` to look up in it, best first."""
    names: tuple[str, ...] = ()
    ca: str = ""
    """Path of the authority's certificate, served after the chain; empty where there is none."""


class Complaint(NamedTuple):
    """A mistake on `main` that no daemon's checker would find, or that cannot be rendered; or a notice.

    `path` is relative to `main`; `line` counts from 1, 0 where it is not at a line.
    """

    path: str
    line: int
    message: str
    cure: str


class BadLine(NamedTuple):
    """A line of a file on `main` that its service cannot use, as the reader of that file finds it.

    With the path before it, it is a `Complaint`.
    """

    line: int
    message: str
    cure: str


Fact = Callable[[State], object]
"""Something that follows from a state, to be compared with the same of another state."""
Reads = tuple[str | Fact, ...]
"""What is read of a state: names of fields (renderers/fields.py), and facts of a service's own."""


class Change(NamedTuple):
    """From a state that was rendered to the next one."""

    before: State
    after: State
    fields: frozenset[str | Fact]
    """What differs of all that the part reads."""
    files: tuple[AnyFile, ...]
    """What the part rendered of the state before."""


@dataclass(frozen=True, slots=True)
class Part:
    """Files that are rendered together. They are rendered again only if something that they read differs."""

    reads: Reads
    render: Callable[[State], Iterable[AnyFile]]
    update: Callable[[Change], Iterable[AnyFile] | None] = lambda _: None
    """The same files at the cost of the change; None where they are to be rendered from the state alone."""


@dataclass(frozen=True, slots=True)
class Check:
    """Mistakes that are looked for together, where something that they lie in differs.

    `find` gets the state and, if there is one, a state before it that had none of them.
    """

    reads: Reads
    find: Callable[[State, State | None], Iterable[Complaint]]


class Service(Protocol):
    """One service: when it runs, what it reads, how it is probed. `SERVICES` lists them all.

    `Plain` answers everything but the name, so that a service defines only what is special about it.
    """

    name: str
    """The folder's name; validation on the node goes by it."""
    group: str
    """The group that its processes read with; it may read those files of root that hold sealed values."""
    writes_times: bool
    """Whether it prints local times: a changed zone reloads it, as processes read it when they start."""

    @property
    def names_files(self) -> tuple[str, ...]:
        """Files below config/ (fnmatch(3) patterns) that it reads, and in which others may be named."""
        ...

    @property
    def reads_clear(self) -> tuple[str, ...]:
        """Files below config/ (fnmatch(3) patterns) that it reads while rendering, or runs: never sealed."""
        ...

    def enabled(self, state: State) -> bool:
        """Whether the service is part of this state; a disabled one has no programs, files or probes."""
        ...

    def programs(self, state: State) -> tuple[str, ...]:
        """Supervisor programs that run while it is enabled, in start order."""
        ...

    @property
    def parts(self) -> tuple[Part, ...]:
        """What renders the files of the enabled service. Pure: no clock, network or disk."""
        ...

    def render(self, state: State) -> Iterable[AnyFile]:
        """Every file of all parts."""
        ...

    def probes(self, state: State) -> tuple[Probe, ...]:
        """The checks that succeed while the service runs."""
        ...

    @property
    def checks(self) -> tuple[Check, ...]:
        """What finds lines of `main` that are left out or that cannot work, also while it is disabled."""
        ...

    def complaints(self, state: State) -> Iterable[Complaint]:
        """Every mistake that the checks find."""
        ...

    def notices(self, before: State, after: State) -> Iterable[Complaint]:
        """What people should know of a change that is taken all the same, also while it is disabled."""
        ...


class Plain:
    """The defaults of a service: always enabled, one program of its own name, no files, nothing to probe."""

    name: str
    group = "root"
    writes_times = False
    names_files: tuple[str, ...] = ()
    reads_clear: tuple[str, ...] = ()
    reads: Reads = ()
    """What `render` and `complaints` read, of a service of one part."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """All files together."""
        return (Part(self.reads, self.render),)

    @property
    def checks(self) -> tuple[Check, ...]:
        """All mistakes together."""
        return (Check(self.reads, lambda state, _: self.complaints(state)),)

    def enabled(self, _state: State) -> bool:
        """In every state."""
        return True

    def programs(self, _state: State) -> tuple[str, ...]:
        """The one with the service's own name."""
        return (self.name,)

    def render(self, _state: State) -> Iterable[RenderedFile | CertificateFile]:
        """No files."""
        return ()

    def probes(self, _state: State) -> tuple[Probe, ...]:
        """No probes: whether its programs run is all there is to see."""
        return ()

    def complaints(self, _state: State) -> Iterable[Complaint]:
        """Nothing to refuse."""
        return ()

    def notices(self, _before: State, _after: State) -> Iterable[Complaint]:
        """Nothing to say."""
        return ()
