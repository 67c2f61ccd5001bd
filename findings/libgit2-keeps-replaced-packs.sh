#!/bin/sh
# A long-lived process that reads a git repository by libgit2, while something repacks it: each pack that was
# replaced stays mapped and open, so the disk space of every `git repack -ad` since the start is still taken. It
# is not enough to free the handle that read the pack: packs are shared by all handles of one repository in a
# process, and the mapping goes with the last of them. A process with one handle for writing and a
# short-lived one for each question never gets the space back.
#
# It surprises those who know git itself (each command is a process of its own) and trust that a freed handle
# frees what it read. Shown with pygit2 1.21.0 (libgit2 1.9), Linux.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pygit2==1.21.0
cd "$work"
HOME=$work GIT_CONFIG_NOSYSTEM=1 "$work/venv/bin/python" - <<'PY'
import gc, subprocess, sys
from pathlib import Path

import pygit2

ROUNDS = 3
path = "state.git"
pygit2.init_repository(path, bare=True)
who = pygit2.Signature("Somebody", "somebody@example.test", 1_700_000_000, 0)


def deleted() -> int:
    """Packs that this process has mapped and that are no longer in any folder."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    return len({line.split()[5] for line in lines if ".pack" in line and line.endswith("(deleted)")})


def commit(repo: pygit2.Repository, text: str) -> None:
    tree = repo.TreeBuilder()
    tree.insert("file", repo.create_blob(text.encode() * 5_000), pygit2.GIT_FILEMODE_BLOB)
    parents = [] if repo.head_is_unborn else [repo.head.target]
    repo.create_commit("HEAD", who, who, text, tree.write(), parents)


def repack() -> None:
    subprocess.run(["git", "-C", path, "repack", "-adq"], check=True)


writer, reader = pygit2.Repository(path), pygit2.Repository(path)
for number in range(ROUNDS):
    commit(writer, f"round {number}")
    repack()
    fresh = pygit2.Repository(path)  # opened for one question, freed at once
    fresh[fresh.head.target].tree["file"].data
    reader[reader.head.target].tree["file"].data
    del fresh
    gc.collect()
print("libgit2", pygit2.LIBGIT2_VERSION)
print("deleted packs still mapped after", ROUNDS, "repacks:", (found := deleted()))
del reader
gc.collect()
print("after freeing the handle that read them:", (still := deleted()))
del writer
gc.collect()
print("after freeing the last handle:", (end := deleted()))
sys.exit(0 if (found, still, end) == (ROUNDS - 1, ROUNDS - 1, 0) else "libgit2 behaves otherwise now")
PY
