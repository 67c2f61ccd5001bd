"""Lists by size what the image holds: Debian's packages, and what comes from elsewhere. Run inside of it.

scripts/contents.sh runs it there. A file counts to what installed it; one with several names counts once.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

LEAST = 1.0
"""Megabytes from which on a part has a line of its own."""
INFO = Path("/var/lib/dpkg/info")
LIBRARIES = "/opt/git-mailserver/lib/python3.11/site-packages/"
ELSEWHERE = {
    LIBRARIES: "Python library",
    "/opt/git-mailserver/app/": "our code: control plane, renderers",
    "/opt/git-mailserver/": "environment of the Python libraries",
    "/usr/local/": "our code: agent, services, commands",
    "/usr/lib/python3": "byte code of Debian's Python",
    "/var/cache/rspamd/": "patterns compiled by Rspamd",
    "/var/lib/dpkg/": "dpkg's lists of files",
    "/": "made while packages were installed",
}
"""What no package owns, by the first path that fits."""


def owners() -> dict[str, str]:
    """The package of each path, as dpkg knows it; folders of the merged /usr by their real name."""
    found = {}
    for file in INFO.glob("*.list"):
        name = file.stem.partition(":")[0]
        for line in file.read_text().splitlines():
            folder, _, last = line.rpartition("/")
            found[f"{os.path.realpath(folder)}/{last}"] = name
    return found


def files(folder: str, mounted: set[str]) -> Iterator[tuple[str, os.stat_result]]:
    """Every file of the image itself."""
    for entry in os.scandir(folder):
        if entry.path in mounted:
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from files(entry.path, mounted)
        elif entry.is_file(follow_symlinks=False):
            yield entry.path, entry.stat()


def mounts() -> set[str]:
    """What the engine mounts: /proc, /dev, /etc/hosts and the like (proc(5), mountinfo)."""
    return {line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()}


def part(path: str, owned: dict[str, str]) -> str:
    """What a file belongs to."""
    if path in owned:
        return f"`{owned[path]}`"
    place = next(place for place in ELSEWHERE if path.startswith(place))
    if place == LIBRARIES:
        name = path.removeprefix(LIBRARIES).partition("/")[0].partition(".")[0].partition("-")[0]
        return f"{ELSEWHERE[place]} `{name}`"
    return ELSEWHERE[place]


def sizes() -> Counter[str]:
    """Bytes of each part."""
    owned, found = owners(), Counter[str]()
    seen = set()
    for path, status in files("/", mounts()):
        identity = (status.st_dev, status.st_ino)
        if identity not in seen:
            seen.add(identity)
            found[part(path, owned)] += status.st_size
    return found


def main() -> None:
    """Print the table."""
    found = sizes()
    print("| part | MB |\n| --- | --- |")
    small = 0
    for name, size in sorted(found.items(), key=lambda each: (-each[1], each[0])):
        if size < LEAST * 1e6:
            small += size
        else:
            print(f"| {name} | {size / 1e6:.1f} |")
    print(f"| everything below {LEAST:.0f} MB | {small / 1e6:.1f} |")
    print(f"| **all** | **{sum(found.values()) / 1e6:.1f}** |")


if __name__ == "__main__":
    main()
