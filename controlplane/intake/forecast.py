"""What this image would change on a state volume, without a server and without writing to it."""

from __future__ import annotations

from pathlib import Path

from controlplane.errors import NotFound
from controlplane.fold import fold
from controlplane.image import Image
from controlplane.intake import upgrade
from controlplane.intake.plan import Plan
from controlplane.intake.stores import Stores
from controlplane.intake.upgrade import Rendered
from controlplane.model import State
from controlplane.states import snapshot


def forecast(root: Path, image: Image) -> Plan:
    """The plan of a start of this image on a state volume, which may be one that a server writes to.

    It has problems where this image cannot render the state. Raises NotFound where nothing was released yet,
    and TooNew where the log holds what only a later version knows.
    """
    stores = Stores.beside(root)
    release = stores.releases.newest()  # before the log: what came after it is folded, too
    if release is None:
        raise NotFound(f"nothing was released on {root} yet: the first start of any image makes everything")
    basis, tip = release.basis.log_position, stores.log.tip()
    then = _state(stores, basis)
    now = fold(then, stores.log.events(basis + 1, tip))
    return upgrade.compare(stores.repo, Rendered.of(now), tip.position, lambda _: then, release, image)


def _state(stores: Stores, position: int) -> State:
    """The state at a position, from the snapshot where that is usable; nothing is kept of it."""
    known = snapshot.read(stores.snapshot)
    if known is None or known.position > position or not snapshot.fits(known, stores.log):
        known = snapshot.Snapshot(0, "", State())
    steps = stores.log.until(known.position + 1, position)
    return fold(known.state, (event for step in steps for event in step.events))
