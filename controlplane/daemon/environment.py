"""The container's environment, with the files that NAME__FILE names read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from controlplane.settings import catalog

COPIES = Path("/dev/shm/mailserver")  # noqa: S108  # mailserver-start makes it, for the git group alone
LARGEST = 64 * 1024
"""Bytes of a value."""


def with_files(environment: Mapping[str, str], copies: Path = COPIES) -> tuple[dict[str, str], list[str]]:
    """The environment in which NAME is what the file of NAME__FILE holds, and what is wrong (lines).

    Line ends at the end of a file do not belong to the value. A name that is given both ways, or whose
    file cannot be read, has no value here at all: `main` decides, as with any other wrong value.
    """
    values, complaints = dict(environment), []
    for key, path in environment.items():
        name = key.removesuffix(catalog.FROM_FILE)
        if name == key or name not in catalog.SETTINGS or not path:
            continue
        given = values.pop(name, "")
        if given:
            complaints.append(f"{name} and {key} are both set, so neither has an effect; keep one of the two")
            continue
        try:
            values[name] = _read(copies / name, Path(path))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            complaints.append(f"{key}: {path}: {reason}, so {name} has no effect; correct it, then restart")
    return values, complaints


def _read(copy: Path, path: Path) -> str:
    content = (copy if copy.exists() else path).read_bytes()
    if len(content) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST // 1024} KiB")
    try:
        text = content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    if re.search(r"[\x00\r\n]", text):
        raise ValueError("it has more than one line")
    return text
