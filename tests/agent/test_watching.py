"""What the agent looks at when files change."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from agent.apply.queue import ApplyQueue
from agent.config_volume.volume import Volume
from agent.config_volume.watching import Watching
from agent.errors import Unavailable
from tests.agent.conftest import World


def test_certificates_are_looked_at_although_edits_could_not_be_reported(
    served: World, tmp_path: Path
) -> None:
    """A pair renewed while the daemon refuses an edit is not forgotten until the next renewal."""
    looked: list[object] = []
    pair = tmp_path / "cert.pem"

    def report(**_how: bool) -> bool:
        raise Unavailable("the control plane does not answer")

    def check(*_arguments: object, **_named: object) -> None:
        looked.append(pair)

    slots: Any = SimpleNamespace(
        doubtful=False,
        until=math.inf,
        check=check,
        footprints=lambda _sources: {pair},
        prune=lambda _used: None,
    )
    volume = SimpleNamespace(folder=tmp_path, report=report, stale=False, main="", until=math.inf)
    queue: Any = SimpleNamespace(lock=ApplyQueue(cast(Any, None)).lock)
    watching = Watching(
        served.node, queue, cast(Volume, volume), slots, cast(Any, None), lambda _newest: None
    )
    watching.follow(served.node.release)
    watching._certificates_due = False  # as after the first look
    assert watching._look({pair}, again=False, daily=False)  # the daemon is asked again
    assert looked == [pair]
