"""Reading the state repository through one `git cat-file --batch` process (git-cat-file(1)).

Trees are read as objects too, so a comparison of two releases costs as much as what differs, and a whole
apply starts one git process.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from agent.commands import ENVIRONMENT
from agent.errors import Corrupt, NotFound, Unavailable

Tree = dict[str, tuple[str, str]]
"""Name to (mode as git writes it, object id)."""

READ_DEADLINE = 20.0
FOLDER_MODE = "40000"
SYMLINK_MODE = "120000"


class Objects:
    """An open reader of objects; a context manager. Not for use by several threads at once."""

    def __init__(self, repository: Path, alternates: Sequence[str] = ()) -> None:
        # Only what is set here reaches git: GIT_DIR and friends of a caller would redirect it, the user's and
        # system's configuration could add behaviour, and a prompt would hang.
        environment = dict(ENVIRONMENT)
        environment |= {
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_NO_REPLACE_OBJECTS": "1",  # a pushed refs/replace must not change what a release is
            "GIT_OPTIONAL_LOCKS": "0",
        }
        if alternates:
            environment["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = os.pathsep.join(alternates)
        try:
            owner = repository.stat()
        except FileNotFoundError as error:
            raise Unavailable(f"{repository} does not exist yet") from error
        # git runs as the repository's owner: root would have to trust that user's repository configuration
        # (safe.directory), and has no need to.
        drop = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        self._process = subprocess.Popen(
            ["git", f"--git-dir={repository}", "cat-file", "--batch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd="/",
            **drop,  # type: ignore[call-overload]
        )
        self._timer = threading.Timer(READ_DEADLINE, self._process.kill)
        self._timer.daemon = True
        self._timer.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        self._process.kill()
        self._process.communicate()

    def read(self, name: str) -> tuple[str, str, bytes]:
        """(object id, type, content) of any name git understands. Raises NotFound, Unavailable."""
        if "\n" in name:
            raise NotFound(f"{name!r} is not an object name")
        pipe_in, pipe_out = self._process.stdin, self._process.stdout
        try:
            pipe_in.write(name.encode() + b"\n")
            pipe_in.flush()
            header = pipe_out.readline().split()
            if len(header) != 3 or not header[2].isdigit():
                if not header:
                    raise Unavailable(f"git ended while reading {name}")
                raise NotFound(f"{name} is not in the state repository")
            size = int(header[2])
            content = pipe_out.read(size + 1)[:size]
        except OSError as error:
            raise Unavailable(f"git ended while reading {name}: {error}") from error
        if len(content) != size:
            raise Unavailable(f"git ended while reading {name}")
        return header[0].decode(), header[1].decode(), content

    def blob(self, name: str) -> bytes:
        """The content of a file."""
        _, kind, content = self.read(name)
        if kind != "blob":
            raise Corrupt(f"{name} is a {kind}, not a file")
        return content

    def tree(self, name: str) -> Tree:
        """The entries of a tree, or of a commit's tree."""
        _, kind, content = self.read(name)
        if kind == "commit":
            return self.tree(name + "^{tree}")
        if kind != "tree":
            raise Corrupt(f"{name} is a {kind}, not a tree")
        return _entries(content)

    def walk(self, tree: str, prefix: str = "") -> Iterator[tuple[str, str, str]]:
        """(path, mode, object id) of every file below a tree."""
        for name, (mode, oid) in self.tree(tree).items():
            if mode == FOLDER_MODE:
                yield from self.walk(oid, f"{prefix}{name}/")
            else:
                yield f"{prefix}{name}", mode, oid


def _entries(content: bytes) -> Tree:
    entries: Tree = {}
    at = 0
    while at < len(content):
        end = content.index(b"\0", at)
        mode, _, name = content[at:end].partition(b" ")
        entries[name.decode("utf-8", "surrogateescape")] = (mode.decode(), content[end + 1 : end + 21].hex())
        at = end + 21
    return entries
