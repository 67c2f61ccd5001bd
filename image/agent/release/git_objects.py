"""Reading the state repository: loose objects from their files, others by git-cat-file(1).

Trees are read as objects too, so a comparison of two releases costs as much as what differs. A new release
is loose, so that most applies start no process; what is packed is asked of one `git cat-file --batch`. git
ends at the first object that it cannot inflate; then another process is started for the next one, so that
one damaged file does not hide all others.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from agent.commands import ENVIRONMENT
from agent.errors import AgentError, Corrupt, NotFound, Unavailable
from agent.files import beneath
from wire.loose_objects import MOST, OBJECT_ID, unpack

Tree = dict[str, tuple[str, str]]
"""Name to (mode as git writes it, object id)."""

READ_DEADLINE = 20.0
"""Seconds in which git must have given an object."""
PIPE_SIZE, HEADER = 1 << 20, 256
"""Bytes that the pipe holds (fcntl(2), F_SETPIPE_SZ), and that are read before an answer's size is known."""
FOLDER_MODE = "40000"
SYMLINK_MODE = "120000"


class ObjectReader:
    """An open reader of objects; a context manager. Not for use by several threads at once.

    git starts with the first read.
    """

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
        self._repository, self._environment = repository, environment
        self._folders = [repository / "objects", *map(Path, alternates)]
        self._process: subprocess.Popen[bytes] | None = None

    def _start(self) -> subprocess.Popen[bytes]:
        try:
            owner = self._repository.stat()
        except FileNotFoundError as error:
            raise Unavailable(f"{self._repository} does not exist yet") from error
        # git runs as the repository's owner: root would have to trust that user's repository configuration
        # (safe.directory), and has no need to.
        drop: dict[str, Any] = {}
        if os.geteuid() == 0:
            drop = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
        process = subprocess.Popen(
            ["git", f"--git-dir={self._repository}", "cat-file", "--batch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=self._environment,
            cwd="/",
            **drop,
        )
        with contextlib.suppress(OSError):  # a smaller pipe only takes longer
            fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, PIPE_SIZE)  # type: ignore[arg-type]
        return process

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def read(self, name: str) -> tuple[str, str, bytes]:
        """(object id, type, content) of any name git understands. Raises NotFound, Corrupt, Unavailable."""
        if "\n" in name:
            raise NotFound(f"{name!r} is not an object name")
        if OBJECT_ID.fullmatch(name) and (found := self._loose(name)):
            return name, *found
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._process is None:
            self._process = self._start()
        try:
            self._process.stdin.write(name.encode() + b"\n")  # type: ignore[union-attr]
            return self._answer(self._process, name)
        except TimeoutError as error:
            self._end()
            raise Unavailable(f"git did not read {name} in {READ_DEADLINE:.0f} s") from error
        except (OSError, EOFError) as error:
            raise self._ended(name) from error

    def _loose(self, name: str) -> tuple[str, bytes] | None:
        """Kind and content of a whole loose object; None where git has to be asked."""
        for folder in self._folders:
            with contextlib.suppress(OSError, ValueError):
                return unpack(beneath.read(folder, f"{name[:2]}/{name[2:]}", MOST)[0], name)
        return None

    def _answer(self, process: subprocess.Popen[bytes], name: str) -> tuple[str, str, bytes]:
        pipe = _Pipe(process.stdout.fileno(), READ_DEADLINE)  # type: ignore[union-attr]
        header = pipe.line().split()
        if len(header) != 3 or not header[2].isdigit():
            raise NotFound(f"{name} is not in the state repository")
        content = pipe.exactly(int(header[2]))
        pipe.exactly(1)  # the newline behind it
        return header[0].decode(), header[1].decode(), content

    def _ended(self, name: str) -> AgentError:
        """What it means that git ended instead of answering."""
        self._end()
        if not (self._repository / "HEAD").is_file() or not (self._repository / "objects").is_dir():
            return Unavailable(f"{self._repository} is no git repository any more")
        return Corrupt(f"object {name} of the state repository is damaged")

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def blob(self, name: str) -> bytes:
        """The content of a file."""
        _, kind, content = self.read(name)
        if kind != "blob":
            raise Corrupt(f"{name} is a {kind}, not a file")
        return content

    def tree(self, name: str) -> Tree:
        """The entries of a tree, or of a commit's tree; of a folder in it, as in `COMMIT:etc/postfix`."""
        top, _, path = name.partition(":")
        entries = self._tree(top)
        for folder in path.split("/") if path else ():
            if folder not in entries:
                raise NotFound(f"{name} is not in the state repository")
            entries = self._tree(entries[folder][1])
        return entries

    def _tree(self, name: str) -> Tree:
        _, kind, content = self.read(name)
        if kind == "commit":
            return self._tree(content[len(b"tree ") :].partition(b"\n")[0].decode("ascii", "replace"))
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
        end = content.find(b"\0", at)
        if end < 0:
            raise Corrupt("a tree of the state repository is damaged")
        mode, _, name = content[at:end].partition(b" ")
        entries[name.decode("utf-8", "surrogateescape")] = (mode.decode(), content[end + 1 : end + 21].hex())
        at = end + 21
    return entries


class _Pipe:
    """What one answer of git needs of its output: nothing is read ahead, and nothing waits for ever."""

    def __init__(self, handle: int, seconds: float) -> None:
        self._handle, self._end = handle, time.monotonic() + seconds
        self._ahead = b""

    def line(self) -> bytes:
        """The bytes up to the next newline. Raises EOFError, TimeoutError."""
        while b"\n" not in self._ahead:
            self._ahead += self._some(HEADER)
        line, _, self._ahead = self._ahead.partition(b"\n")
        return line

    def exactly(self, size: int) -> bytes:
        """So many bytes. Raises EOFError, TimeoutError."""
        found, self._ahead = [self._ahead[:size]], self._ahead[size:]
        left = size - len(found[0])
        while left:
            found.append(self._some(left))
            left -= len(found[-1])
        return b"".join(found)

    def _some(self, most: int) -> bytes:
        ready, _, _ = select.select([self._handle], [], [], max(0.0, self._end - time.monotonic()))
        if not ready:
            raise TimeoutError
        part = os.read(self._handle, min(most, PIPE_SIZE))
        if not part:
            raise EOFError
        return part
