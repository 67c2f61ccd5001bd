"""What a service is on the node: what the image fixes of it, which no release can change.

A release names services, files and actions (`renderers/NAME`); how a service is checked, reloaded, waited for
and asked stands in `image/services/NAME`. Everything has a default, so that a service says what is special
about it. A service without a daemon of its own has areas and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from agent.canary.steps import Canary
from agent.commands import Ran
from agent.errors import Failed, Problem
from agent.files.compilers import last_line
from agent.files.staged import Staged
from agent.files.staged_tree import Relocate, StagedTree
from agent.health.logs import Log
from agent.health.supervisor import Programs
from agent.paths import Paths
from wire.manifest import Probe

RELOAD_DEADLINE = 10.0
"""Seconds that the command of a reload may take."""

Runner = Callable[[Sequence[str], float], Ran]
"""Runs a command within a deadline in seconds (`agent.commands.run`)."""
Operation = Callable[[Mapping[str, Any]], dict[str, Any]]
"""Answers a request on the agent's socket. Raises AgentError."""
Check = Callable[[StagedTree], list[Problem]]
"""Finds what is wrong with a service's staged files, by its own tools."""
Fit = Callable[[Sequence[Probe], Runner], tuple[Probe, ...]]
"""Moves probes to where the service listens by its own account; drops those of closed ports."""


class Reload(Protocol):
    """Makes a service take over its configuration while it serves; returns once the new one counts."""

    def __call__(self, service: str, programs: Programs, runner: Runner) -> None:
        """Reload. Raises Failed where the service refuses or hangs."""
        ...


class Announcer(Protocol):
    """Makes new data known before the service reads its files again."""

    def announce(self, staged: Sequence[Staged]) -> None:
        """Called when these files are staged and before they are installed. Raises nothing."""
        ...

    def settle(self) -> None:
        """Called once they serve: return when the service remembers nothing that they no longer say."""
        ...

    def correct(self, root: Path, targets: Collection[Path]) -> None:
        """Called when these files are in their places again as before: they alone count. Raises nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Command:
    """A reload by a command. `settle` is run after it and returns once the service is through with it."""

    words: tuple[str, ...]
    settle: tuple[str, ...] = ()

    def __call__(self, service: str, programs: Programs, runner: Runner) -> None:
        """Run both. Raises Failed; what `settle` says does not matter, the probes decide."""
        del programs
        ran = runner(self.words, RELOAD_DEADLINE)
        if ran.timed_out:
            raise Failed(service, f"reload of {service} hung for {RELOAD_DEADLINE:.0f} s")
        if ran.code:
            raise Failed(service, f"reload of {service} failed: {last_line(ran.output)}")
        if self.settle:
            runner(self.settle, RELOAD_DEADLINE)


@dataclass(frozen=True, slots=True)
class Signal:
    """A reload by a signal to a program of supervisor."""

    program: str
    signal: str

    def __call__(self, service: str, programs: Programs, runner: Runner) -> None:
        """Send it. Raises Unavailable where supervisor does not answer."""
        del service, runner
        programs.signal(self.program, self.signal)


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that a service has to answer its probes."""

    reload: float = 5.0
    restart: float = 7.0
    start: float = 15.0
    """While the whole machine starts."""
    slow: bool = False
    """Whether a start takes so long that, newly enabled, nothing waits for it: it counts as starting."""


@dataclass(frozen=True, slots=True)
class NodeService:
    """One service, as the image fixes it. The fields are in the order in which an attempt meets them."""

    name: str
    """As in the manifest, and the name of its folder in `renderers` and `image/services`."""
    _: KW_ONLY
    areas: tuple[str, ...] = ()
    """Where its rendered files may lie: folders, which end in a slash, and single files.

    A release configures services, it replaces no program or user. All belong to root: a file written below
    somebody else's folder could be led astray by a link.
    """
    config: str = ""
    """The folder of its configuration: laid out whole for its checker, and watched for drift."""
    check: Check | None = None
    relocate: Relocate | None = None
    """Makes a file of `config` point to the staged tree instead of the live folder."""
    reads: tuple[str, ...] = ()
    """Prefixes of paths that it reads besides managed files: it reloads where user-patches.sh changes one."""
    check_live: tuple[str, ...] = ()
    """A command that fails where the service refuses its live files, as user-patches.sh may leave them."""
    announcer: Callable[[Path], Announcer] | None = None
    """Makes its announcer for a root folder."""
    reload: Reload | None = None
    """None: a reload is a restart."""
    canary: Canary | None = None
    """What it has to do with the server's own account; None where it stands between no client and mailbox."""
    takes_mail: bool = False
    """Whether Postfix delivers to it: mail is put off for minutes while its sockets are away."""
    flush: tuple[str, ...] = ()
    """A command that delivers now what was put off meanwhile."""
    patience: Patience = Patience()
    fit: Fit | None = None
    throttles_restarts: bool = False
    """Whether it can run and be silent for a while, since it waits before it starts a dead process again."""
    forks_on_demand: bool = False
    """Whether its first program starts processes at any time, which read the files as they are then."""
    log: Log | None = None
    always_runs: bool = False
    """Whether supervisor starts it by itself, and it stays whatever is applied."""
    grows: Mapping[str, str] = field(default_factory=dict)
    """Its folders of the state volume that may grow large, by what `status` calls them."""
    operations: Callable[[Paths], Mapping[str, Operation]] | None = None
    """Makes the operations that the agent's socket offers for it, by name."""


class NodeServices:
    """The services of the image, by name. A release may name one that the image does not know."""

    def __init__(self, services: Iterable[NodeService]) -> None:
        self._known = {service.name: service for service in services}

    def __iter__(self) -> Iterator[NodeService]:
        return iter(self._known.values())

    def of(self, name: str) -> NodeService:
        """A service; one that is not known has every default."""
        return self._known.get(name) or NodeService(name)

    @property
    def areas(self) -> tuple[str, ...]:
        """Where rendered files may lie."""
        return tuple(area for service in self for area in service.areas)

    @property
    def logs(self) -> dict[str, Log]:
        """The log of each service that has one."""
        return {service.name: service.log for service in self if service.log}
