"""The log's projection into SQLite, for questions: made and extended when somebody asks."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.errors import Unavailable
from controlplane.event_log import EventLog
from controlplane.release import Releases
from controlplane.settings import catalog

if TYPE_CHECKING:
    from controlplane.readmodel.model import ReadModel

Say = Callable[[str], None]
"""Shows a line to the person who asked."""

SOON = 1_000
"""The most change sets to add while somebody waits for an answer that is available without them."""
SOON_BYTES = 1 << 20
"""The most of their events, so that one large change set counts as many: some 5,000 events."""


class Projected:
    """The read model of one log. Nothing is loaded or opened before the first question."""

    def __init__(self, path: Path, log: EventLog, releases: Releases) -> None:
        self.path = path
        self._log, self._releases = log, releases
        self.apart: Callable[[], None] | None = None
        """Makes the file in a process of its own, which gives back the memory that it takes; None: here."""

    @property
    def secret_settings(self) -> frozenset[str]:
        """The names of settings whose values are not told."""
        return frozenset(name for name, spec in catalog.SETTINGS.items() if spec.secret)

    @cached_property
    def _model(self) -> ReadModel:
        from controlplane.readmodel.model import ReadModel  # takes memory that most servers never need

        return ReadModel(self.path, self._log, self._releases, self.secret_settings, self.apart)

    def is_near(self) -> bool:
        """Whether catching up takes a moment only. Raises Corrupt."""
        behind = self._model.behind()
        return behind <= SOON and not self._log.outweighs(SOON_BYTES, self._log.tip().position - behind)

    def at_once(self) -> ReadModel:
        """The read model; raises Unavailable if it is so far behind that somebody would have to wait."""
        if not self.is_near():
            raise Unavailable("the read model is far behind the log")
        return self.caught_up()

    def caught_up(self, say: Say = lambda _: None) -> ReadModel:
        """The read model, caught up with the log; reports when that takes a while."""
        if not self.is_near():
            say(f"the log's {self._log.tip().position:,} change sets are taken in for questions, once")
            if self.apart is not None:
                self.apart()
        self._model.catch_up()
        return self._model

    def make_again(self) -> None:
        """Make a damaged file anew."""
        self._model.make_again()
