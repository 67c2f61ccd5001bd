"""Refuses what no tree may hold: links, names that leave the tree, masses of data, secrets in the clear.

Checked before anything is parsed, since whoever can push could otherwise reach beyond config/.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice

from controlplane.errors import Problem
from controlplane.intake.checks.secrets_in_clear import in_clear
from controlplane.intake.trees import MAX_FILES, MAX_RECORDS
from controlplane.statefiles import accounts, aliases, table_files
from controlplane.statefiles.parsed import MAX_PROBLEMS, Place
from controlplane.statefiles.treefile import CONFIG, EXECUTABLE, SETTINGS, SUBMODULE, SYMLINK, TreeFile

MAX_NAME = 255
"""Bytes of one name (NAME_MAX of limits.h), so that the config volume can hold it."""
MAX_PATH = 1_000
MAX_OVERRIDE = 1 << 20
"""The most bytes of a file that is kept verbatim."""

_RECORDS = frozenset({accounts.PATH, aliases.PATH, *table_files.PATHS})
_SCRIPT = re.compile(r"config/(?:user-patches\.sh|sieve-pipe/.+|sieve-filter/.+)")
_ALLOWED = re.compile(
    rb"^(?:\xef\xbb\xbf)?[ \t]*ALLOW_CLEARTEXT_SECRETS=[\"']?1[\"']?[ \t]*\r?$", re.MULTILINE
)


def takes_clear_text(files: Mapping[str, TreeFile]) -> bool:
    """Whether the tree's own mailserver.env sets ALLOW_CLEARTEXT_SECRETS."""
    return SETTINGS in files and _ALLOWED.search(files[SETTINGS].content) is not None


def check(
    files: Mapping[str, TreeFile],
    cleartext_allowed: bool | None = None,
    find: Callable[[str, bytes], Iterator[Problem]] = in_clear,
) -> tuple[Problem, ...]:
    """Everything in the tree that is not allowed, at most `MAX_PROBLEMS`.

    `cleartext_allowed` is the setting ALLOW_CLEARTEXT_SECRETS in effect; None reads it from the tree's own
    mailserver.env. `find` finds secrets in a file.
    """
    if len(files) > MAX_FILES:
        message = f"there are {len(files)} files, at most {MAX_FILES} are taken"
        return (_of_path("", message, "keep to mailserver.env and config/"),)
    if cleartext_allowed is None:
        cleartext_allowed = takes_clear_text(files)
    problems: list[Problem] = []
    for path, file in files.items():
        faults = name_problems(path) or _of_kind(path, file) or _of_size(path, file)
        problems += faults
        if not faults and not cleartext_allowed:
            problems += islice(find(path, file.content), MAX_PROBLEMS)
        if len(problems) >= MAX_PROBLEMS:
            break
    return tuple(problems[:MAX_PROBLEMS])


def is_script(path: str) -> bool:
    """Whether the file at this path of `main` is one that the server runs."""
    return _SCRIPT.fullmatch(path) is not None


def _of_path(path: str, message: str, cure: str) -> Problem:
    return Place(path, 0, "").problem(message, cure)


def name_problems(path: str) -> list[Problem]:
    """The first fault of a path from the root of the tree, as a list of at most one problem."""
    return [_of_path(ascii(path)[1:-1], message, cure) for message, cure in _name_faults(path)][:1]


def _name_faults(path: str) -> Iterator[tuple[str, str]]:
    parts = path.split("/")
    if path.startswith("/") or any(part in ("", ".", "..") for part in parts):
        yield "the path leaves the tree", "name files relative to the root of the repository"
    if any(part.lower().rstrip(". ") == ".git" for part in parts):
        yield "the path goes through .git", "rename the folder"
    if "\\" in path or not path.isprintable():
        yield "the name has a backslash or control characters", "rename the file"
    if path == CONFIG + SETTINGS:
        yield (
            "settings are not read here",
            f"move them to {SETTINGS} at the top of main, or into the container's environment",
        )
    if any(len(part.encode(errors="surrogateescape")) > MAX_NAME for part in parts) or len(path) > MAX_PATH:
        yield f"the name is longer than {MAX_NAME} bytes", "shorten it"


def _of_kind(path: str, file: TreeFile) -> list[Problem]:
    if file.mode == SYMLINK:
        return [_of_path(path, "it is a symbolic link", "put the file itself in its place")]
    if file.mode == SUBMODULE:
        return [_of_path(path, "it is a submodule", "put the files themselves in its place")]
    if file.mode == EXECUTABLE and path.startswith(CONFIG) and not is_script(path):
        cure = f"git update-index --chmod=-x {path}"
        return [_of_path(path, "it is executable, but no script that the server runs", cure)]
    return []


def _of_size(path: str, file: TreeFile) -> list[Problem]:
    most = MAX_RECORDS if path in _RECORDS else MAX_OVERRIDE
    if len(file.content) <= most:
        return []
    return [
        _of_path(
            path, f"it is {len(file.content):,} bytes large, at most {most:,} are taken", "make it smaller"
        )
    ]
