"""The image: what is in it and what is not, how large it is, and that more can be installed into it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import docker
import pytest

from tests.integration.conftest import IMAGE

ROOT = Path(__file__).parents[2]
LARGEST = 528
"""Megabytes that the image may have: 0.6 of what it had with all that its build left behind."""
CODE = 20
"""Megabytes that a change of our code may build anew."""
NOTED = 5.0
"""Megabytes from which on a part has to be named in the documentation."""


def inside(script: str) -> str:
    """What a shell says in a fresh container without a network."""
    command = ["docker", "run", "--rm", "-i", "--network", "none", IMAGE, "bash", "-eu"]
    done = subprocess.run(command, input=script, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_image_is_small(engine: docker.DockerClient) -> None:
    """By what the engine says of it."""
    assert engine.images.get(IMAGE).attrs["Size"] <= LARGEST * 10**6


def test_a_change_of_our_code_builds_little_anew(engine: docker.DockerClient) -> None:
    """All that is above the libraries and the packages, the newest layers, is small."""
    sizes = [layer["Size"] for layer in engine.images.get(IMAGE).history()]
    large = next(place for place, size in enumerate(sizes) if size > CODE * 10**6)
    assert sum(sizes[:large]) < CODE * 10**6


LEFT_OVER = r"""
find /usr/share/doc -type f ! -name copyright
cd /usr/share
folders='man info locale /usr/include /var/cache/apt /var/lib/apt/lists'
find $folders -type f ! -name locale.alias ! -name lock ! -name dir || true
find /var -xdev -name '*-old'
find / -xdev -type d \( -name pip -o -name setuptools -o -name ensurepip \)
find / -xdev -type f \( -path '*/tests/*' -o -path '*/test/*' \) -name '*.py'
compgen -c | grep -xE 'ld|objdump|readelf|as|gcc|cpp|make' || true
"""


def test_nothing_of_the_build_stays() -> None:
    """No packages, caches, documentation, translations, headers, tests or tools of the build."""
    assert inside(LEFT_OVER).splitlines() == []


def test_licences_stay() -> None:
    """Of each package, or of another one of the same source: some only link to that."""
    said = inside("""dpkg-query -W -f '${Package} ${source:Package}\\n'; ls -d /usr/share/doc/*/copyright""")
    sources = dict(line.split() for line in said.splitlines() if " " in line)
    licensed = set(re.findall(r"^/usr/share/doc/([^/]+)/copyright$", said, re.MULTILINE))
    assert len(licensed) > 100
    named = {sources.get(name) for name in licensed}
    assert [name for name, source in sources.items() if name not in licensed and source not in named] == []


INSTALL = r"""
cd /tmp
mkdir -p extra/DEBIAN extra/usr/bin extra/usr/share/doc/extra extra/usr/share/man/man1
printf '%s\n' 'Package: extra' 'Version: 1' 'Architecture: all' 'Maintainer: A <a@b.test>' 'Description: x' \
    > extra/DEBIAN/control
printf '#!/bin/sh\necho works\n' > extra/usr/bin/extra
chmod 0755 extra/usr/bin/extra
touch extra/usr/share/doc/extra/copyright extra/usr/share/doc/extra/README extra/usr/share/man/man1/extra.1
dpkg-deb --build extra >&2
apt-get check >&2
apt-get install -y ./extra.deb >&2
extra
ls /usr/share/doc/extra
find /usr/share/man /var/cache/apt -type f ! -name lock || true
grep -rhE '^deb |^URIs:' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null | grep -c bookworm
"""


def test_more_can_be_installed() -> None:
    """`apt-get` works in the image and leaves nothing behind; it knows where packages come from."""
    works, licence, sources = inside(INSTALL).splitlines()
    assert (works, licence) == ("works", "copyright")
    assert int(sources) > 0


def table(text: str) -> dict[str, float]:
    """Megabytes by part, of a table that scripts/contents.py printed."""
    rows = re.findall(r"^\| (.+?) \| \**([0-9.]+)\** \|$", text, re.MULTILINE)
    return {name: float(size) for name, size in rows}


def test_what_is_left_is_documented() -> None:
    """Each large part is in docs/installation.md with about its size, and all parts are the image."""
    command = [ROOT / "scripts/contents.sh"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    found, noted = table(said), table((ROOT / "docs/installation.md").read_text())
    assert found["**all**"] == pytest.approx(noted["**all**"], rel=0.1), said
    large = {name: size for name, size in found.items() if size >= NOTED}
    assert len(large) > 10
    assert large == pytest.approx({name: noted.get(name, 0.0) for name in large}, rel=0.25), said
