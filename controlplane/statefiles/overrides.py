"""All other files below config/, kept verbatim."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from controlplane.model import Override
from controlplane.statefiles.treefile import CONFIG, EXECUTABLE, REGULAR, TreeFile


def read(files: Mapping[str, TreeFile], besides: Collection[str]) -> dict[str, Override]:
    """The files below config/ that have no format of their own, by path from there.

    Links and submodules have no content to keep; intake refuses them.
    """
    return {
        path[len(CONFIG) :]: Override(path[len(CONFIG) :], file.content, file.mode == EXECUTABLE)
        for path, file in files.items()
        if path.startswith(CONFIG) and path not in besides and file.mode in (REGULAR, EXECUTABLE)
    }
