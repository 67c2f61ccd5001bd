"""What people should know about the value that they gave a setting: an import and a push say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator

from controlplane.model import Pin
from controlplane.settings import catalog

_VARIABLE = re.compile(r"\$(?:\{|[A-Za-z_])")


def notes(name: str, value: str | None, pin: Pin | None) -> Iterator[str]:
    """Why the value has no effect, or another one than it seems to have; `None` and empty: the default."""
    spec = catalog.SETTINGS.get(name)
    if pin is not None:
        shown = "" if pin.value is None or (spec is not None and spec.secret) else f" to {pin.value!r}"
        yield f"pinned by the environment{shown}: no effect while the container sets it"
    if spec is None or not value:
        return
    if not spec.supports(value):
        yield "not supported yet: recorded, without effect"
    if not spec.secret and _VARIABLE.search(value):
        yield "the $ is taken as it stands: nothing is put in its place"
