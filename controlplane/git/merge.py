"""Three-way merge of one file, line by line."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

from controlplane.errors import Conflict, Unavailable

MERGE_SECONDS = 10.0


def scrubbed_environment() -> dict[str, str]:
    """The environment for running git, without our variables.

    A hook's GIT_DIR, GIT_QUARANTINE_PATH, GIT_INDEX_FILE and the like name another repository or make git
    refuse; a person's configuration could change what a merge does; messages must not be translated.
    """
    return {
        "PATH": os.defpath,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "LC_ALL": "C.UTF-8",
    }


def merge_file(path: str, base: bytes, ours: bytes, theirs: bytes, union: bool = False) -> bytes:
    """Merge both sides' changes to `base`; raises Conflict if they touch the same lines (git-merge-file(1)).

    `union` keeps the lines of both sides there instead, and one that both have once: right where every line
    stands for itself.
    """
    if ours == theirs or theirs == base:
        return ours
    if ours == base:
        return theirs
    with tempfile.TemporaryDirectory(prefix="merge-") as folder:
        for name, content in (("ours", ours), ("base", base), ("theirs", theirs)):
            (Path(folder) / name).write_bytes(content)
        git = shutil.which("git") or "git"
        how = ["--union"] if union else []
        command = [git, "merge-file", "-p", "-q", *how, "ours", "base", "theirs"]
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env=scrubbed_environment(),
                capture_output=True,
                timeout=MERGE_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unavailable(f"git merge-file did not run for {path}: {error}") from error
    if done.returncode != 0:
        raise Conflict(f"{path} was changed by somebody else in the same lines")
    return _without_copies(done.stdout, ours, theirs) if union else done.stdout


def _without_copies(merged: bytes, ours: bytes, theirs: bytes) -> bytes:
    """Leave out second copies of a line that both sides added among others of their own: git keeps both."""
    left = Counter(ours.splitlines()) | Counter(theirs.splitlines())
    kept = []
    for line in merged.splitlines(keepends=True):
        content = line.rstrip(b"\r\n")
        if left[content] or not content.strip():
            left[content] -= 1
            kept.append(line)
    return b"".join(kept)
