"""Files that are not what they were meant to be: told once, by the cause.

A conflict that nobody resolved, a pointer of Git LFS, a text in another encoding: each makes many lines
wrong at once, and what a parser says of them helps nobody.

Line ends and byte order marks are judged by what reads the file (docs/files.md has the table): where they
do no harm they are taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from controlplane.errors import Problem
from controlplane.intake.checks.other_things import other_thing
from controlplane.intake.checks.unread_files import use_of
from controlplane.statefiles.parsed import Place, printable
from controlplane.statefiles.treefile import CONFIG, SETTINGS, TreeFile
from wire.programs import lies_beside

_HEAD = 4096
"""Bytes that are looked at to tell what a file is."""


_BOM = b"\xef\xbb\xbf"
_WIDE = re.compile(
    rb"\xff\xfe|\xfe\xff|(?:[\x09\x0a\x0d\x20-\x7e]\x00){4}|(?:\x00[\x09\x0a\x0d\x20-\x7e]){4}"
)
_CONFLICT = re.compile(rb"^(<{7}|>{7})(?: .*)?\r?$", re.MULTILINE)
"""The first and the last line of a conflict (git-merge(1), "How conflicts are presented")."""
_LEFT = re.compile(rb"^(?:={7}|\|{7}(?: .*)?)\r?$", re.MULTILINE)
"""Those between: other texts have such lines too."""
_BY_LINE = re.compile(r"mailserver\.env|config/(?:postfix|dovecot|ldap)-[^/]+\.cf|config/dovecot\.cf")
"""Files in which such a line can mean nothing else."""
_PROGRAM = re.compile(r"config/(?:user-patches\.sh|sieve-(?:pipe|filter)/.+)")
_PROGRAMS = re.compile(r"config/sieve-(?:pipe|filter)/.+")
_SHELL = re.compile(rb"#!.*?\b(?:sh|bash|dash|ash|ksh|zsh)\b")


def problems(path: str, content: bytes, *, is_read: bool = True) -> list[Problem]:
    """Why the file is not what it was meant to be; none where nothing of the kind is wrong.

    Where nothing reads it (`is_read`) only a conflict is wrong.
    """
    if not is_read:
        return _conflicts(path, content)
    head = content[:_HEAD]
    if told := other_thing(path, head):
        return [_place(path, content, 0).problem(*told)]
    if _WIDE.match(head):
        cure = "save it as UTF-8 without a byte order mark (PowerShell 7: `-Encoding utf8NoBOM`)"
        return [Place(path, 1, "").problem("it is encoded as UTF-16", cure)]
    return _conflicts(path, content) or _marks(path, content)


def find(files: Mapping[str, TreeFile], suspects: Iterable[str]) -> dict[str, list[Problem]]:
    """The problems by path of those `suspects` that belong to the configuration."""
    suspects = {*suspects, *(path for path, file in files.items() if _is_one_line(path, file.content))}
    ours = [path for path in sorted(suspects) if path in files and path.startswith((SETTINGS, CONFIG))]
    found = {path: problems(path, files[path].content, is_read=_is_read(path, files)) for path in ours}
    return {path: told for path, told in found.items() if told}


def _is_one_line(path: str, content: bytes) -> bool:
    """Whether a table has line ends of the old Macintosh: a parser may find sense in its one long line."""
    return _BY_LINE.fullmatch(path) is not None and b"\n" not in content and b"\r" in content


def _is_read(path: str, files: Mapping[str, TreeFile]) -> bool:
    others = (file.content for other, file in files.items() if other != path)
    return path == SETTINGS or use_of(path.removeprefix(CONFIG), others).support != "unknown"


def _conflicts(path: str, content: bytes) -> list[Problem]:
    if b"\0" in content[:_HEAD]:
        return []
    seen = [(match.start(), match[1]) for match in _CONFLICT.finditer(content)] if _may(content) else []
    begins = [at for at, mark in seen if mark.startswith(b"<")]
    if not begins and not _BY_LINE.fullmatch(path):
        return []  # a quotation in the text of a message may look like the end of one
    seen = seen or [(match.start(), b"") for match in _LEFT.finditer(content)]
    if not seen:
        return []
    place = _place(path, content, seen[0][0])
    last = content.count(b"\n", 0, seen[-1][0]) + 1
    if len(seen) == 1:
        told = "it has the mark of a merge conflict"
    elif len(begins) < 2:
        told = f"it has a merge conflict that nobody resolved, up to line {last}"
    else:
        told = f"it has {len(begins)} merge conflicts that nobody resolved, up to line {last}"
    cure = (
        f"choose what is to stand there and remove the lines that begin with <<<<<<<, |||||||, ======= or "
        f">>>>>>>, then `git add {path}` and commit; or take one side whole: `git checkout --ours {path}`"
        if len(seen) > 1
        else "remove this line, and look whether both sides of the conflict are still there"
    )
    return [place.problem(told, cure)]


def _may(content: bytes) -> bool:
    """Whether there can be a conflict at all: a search for a text is fast, also in a large file."""
    return b"<<<<<<<" in content or b">>>>>>>" in content


def _marks(path: str, content: bytes) -> list[Problem]:
    if _PROGRAMS.fullmatch(path) and lies_beside(path, content.removeprefix(_BOM)):
        return []  # whatever reads it may take it so
    faults = _faults(path, content)
    return [Place(path, line, "").problem(message, cure) for line, message, cure in faults][:1]


def _faults(path: str, content: bytes) -> Iterator[tuple[int, str, str]]:
    if content.startswith(_BOM) and path != SETTINGS and not content[3:].startswith(b"-----BEGIN "):
        yield (
            1,
            "it begins with a byte order mark (U+FEFF), which becomes part of its first word",
            f"save it as UTF-8 without one (`sed -i '1s/^\\xef\\xbb\\xbf//' {path}`)",
        )
    cure = f"save it with the line ends of Unix (`sed -i 's/\\r$//' {path}`)"
    if b"\r" in content and b"\n" not in content and b"\0" not in content[:_HEAD]:
        yield (
            1,
            "its lines end in a carriage return alone, so that it is one long line",
            f"save it with the line ends of Unix (`sed -i 's/\\r/\\n/g' {path}`)",
        )
        return
    if _PROGRAM.fullmatch(path) and b"\r\n" in content and b"\0" not in content[:_HEAD]:
        first = content.partition(b"\n")[0]
        at = content.find(b"\r\n")
        if first.endswith(b"\r") and first.startswith(b"#!"):
            name = printable(first[2:].decode(errors="replace").strip())
            yield 1, f"it has the line ends of Windows (CRLF): there is no program {name}\\r to run it", cure
        elif _SHELL.match(first) or not first.startswith(b"#!"):
            line = content.count(b"\n", 0, at) + 1
            yield line, "it has line ends of Windows (CRLF), which the shell takes for part of a word", cure


def _place(path: str, content: bytes, at: int) -> Place:
    """The line at this offset; it is a mark or the head of a pointer, never a secret."""
    start = content.rfind(b"\n", 0, at) + 1
    end = content.find(b"\n", start)
    line = content[start : end if end >= 0 else len(content)]
    return Place(path, content.count(b"\n", 0, at) + 1, line.decode(errors="replace").strip()[:120])
