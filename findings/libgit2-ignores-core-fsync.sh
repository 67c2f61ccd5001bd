#!/bin/sh
# `core.fsync=all` in a repository's configuration (git-config(1), since git 2.36) makes git sync what it writes.
# libgit2 does not read it: a commit made through it in the same repository is not synced at all, and nothing says
# so. What it does read is the older `core.fsyncObjectFiles`, which git itself documents as deprecated and replaced
# by `core.fsync`, so that modernising a configuration turns durability off for every program on libgit2.
#
# It surprises those who set durability once in the repository and let two implementations write to it. Shown with
# pygit2 1.21.0 (libgit2 1.9) and git 2.36 or newer, Linux; system calls are counted by strace.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
strace=$(command -v strace || true)
if [ -z "$strace" ]; then
    apt-get download -qq strace >/dev/null && dpkg -x strace_*.deb tool && strace=$work/tool/usr/bin/strace
fi
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pygit2==1.21.0
export HOME="$work" GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=Somebody GIT_AUTHOR_EMAIL=somebody@example.test \
    GIT_COMMITTER_NAME=Somebody GIT_COMMITTER_EMAIL=somebody@example.test

cat > commit.py <<'PY'
import sys
import pygit2
repo = pygit2.Repository(sys.argv[1])
who = pygit2.Signature("Somebody", "somebody@example.test", 1_700_000_000, 0)
tree = repo.TreeBuilder()
tree.insert("file", repo.create_blob(b"content"), pygit2.GIT_FILEMODE_BLOB)
repo.create_commit("HEAD", who, who, "One", tree.write(), [])
PY
cat > commit.sh <<'SH'
cd "$1"
blob=$(echo content | git hash-object -w --stdin)
tree=$(printf '100644 blob %s\tfile\n' "$blob" | git mktree)
git update-ref HEAD "$(git commit-tree -m One "$tree")"
SH

set_all='core.fsync all'
count() { # count "NAME VALUE" COMMAND…
    rm -rf repo.git
    git init -q --bare repo.git
    # shellcheck disable=SC2086  # a name and a value
    git -C repo.git config $1
    shift
    "$strace" -f -qq -e trace=fsync,fdatasync -o trace "$@" repo.git
    grep -c sync trace || true
}
git_all=$(count "$set_all" sh commit.sh)
libgit2_all=$(count "$set_all" venv/bin/python commit.py)
libgit2_old=$(count 'core.fsyncObjectFiles true' venv/bin/python commit.py)
git --version
venv/bin/python -c 'import pygit2; print("libgit2", pygit2.LIBGIT2_VERSION)'
echo "syncs of one commit: git with core.fsync=all $git_all, libgit2 with it $libgit2_all," \
    "libgit2 with core.fsyncObjectFiles $libgit2_old"
[ "$git_all" -gt 0 ] && [ "$libgit2_all" -eq 0 ] && [ "$libgit2_old" -gt 0 ] || { echo 'this has changed'; exit 1; }
