"""doveconf of the image takes what is for its version: the samples of 2.3, or what they become for 2.4.

The samples would prove nothing if they were none of 2.3's, so an image with 2.3 is asked about these.
"""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from collections.abc import Mapping
from functools import cache

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from renderers.dovecot.dialects.fates import Refused
from renderers.dovecot.dialects.names import VERSION
from renderers.dovecot.dialects.table import ROWS
from renderers.dovecot.dialects.translation import translate
from tests.dialects.guides import GUIDES
from tests.dialects.samples import text

pytestmark = pytest.mark.checkers

IMAGE = os.environ.get("IMAGE", "git-mailserver:dev")
HEAD = f"dovecot_config_version = {VERSION}\ndovecot_storage_version = 2.4.0\n"
ASK = r"""
tar -x -C /
for path in /asked/*; do
    said=$(doveconf -n -c "$path" 2>&1 >/dev/null) || printf '%s\t%s\0' "${path##*/}" "$said"
done
"""
FILES = {f"{row.place.name}-{row.name}": text(row) for row in ROWS if not isinstance(row.fate, Refused)}
REMOVED = frozenset(["TOP-ssl_dh_parameters_length"])
"""Settings that 2.3 only warns of; older versions had them."""


@cache
def version() -> str:
    """Of Dovecot in the image: 2.3 or 2.4."""
    words = ["docker", "run", "--rm", "--network=none", "--entrypoint=dovecot", IMAGE, "--version"]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=True).stdout[:3]


def refused(texts: Mapping[str, str]) -> dict[str, str]:
    """What doveconf says of each text that it does not take, by its name."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in texts.items():
            info = tarfile.TarInfo(f"asked/{name}")
            info.size = len(content.encode())
            tar.addfile(info, io.BytesIO(content.encode()))
    command = ["docker", "run", "--rm", "-i", "--network=none", "--entrypoint=sh", IMAGE, "-ec", ASK]
    ran = subprocess.run(command, input=buffer.getvalue(), capture_output=True, timeout=240, check=True)
    answers = [row.partition("\t") for row in ran.stdout.decode().split("\0") if row]
    return {name: said for name, _, said in answers}


def for_the_image(texts: Mapping[str, str]) -> dict[str, str]:
    """The texts as the image's version is to take them."""
    if version() == "2.3":
        return dict(texts)
    return {name: HEAD + translate(content, name).text for name, content in texts.items()}


def test_every_row_is_taken() -> None:
    """Each setting of 2.3 that is not refused, by itself."""
    assert refused(for_the_image({name: FILES[name] for name in FILES if name not in REMOVED})) == {}


def test_the_guides_are_taken() -> None:
    """The examples of the documentation, but those that are refused."""
    files = {name: old for name, (old, new) in GUIDES.items() if new is not None}
    assert refused(for_the_image(files)) == {}


@settings(max_examples=4, deadline=None, phases=[Phase.generate])
@given(
    st.lists(
        st.lists(st.sampled_from(sorted(FILES.values())), max_size=10, unique=True), min_size=20, max_size=20
    )
)
def test_files_of_several_are_taken(files: list[list[str]]) -> None:
    """Settings get along with each other in any order."""
    if version() == "2.3":
        return  # a file of 2.3 with the same block twice is another thing to it
    texts = {f"{number}.cf": "".join(parts) for number, parts in enumerate(files)}
    assert refused(for_the_image(texts)) == {}
