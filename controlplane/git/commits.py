"""Commits: who, when, what they say, and the trailers that programs read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from controlplane.errors import Corrupt


@dataclass(frozen=True, slots=True)
class Person:
    """A name and an address as git records them."""

    name: str
    email: str = ""


SERVER = Person("git-mailserver", "server@git-mailserver.invalid")
"""The committer of what the server writes (RFC 2606: `.invalid` never resolves)."""


@dataclass(frozen=True, slots=True)
class CommitInfo:
    """A commit as stored; `time` is the author's, aware, in UTC, to the second."""

    id: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    time: datetime
    message: str

    @property
    def parent(self) -> str:
        """The first parent, empty for a root."""
        return self.parents[0] if self.parents else ""

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.strip().partition("\n")[0]

    @property
    def trailers(self) -> dict[str, str]:
        """`Key: value` lines of the last paragraph (git-interpret-trailers(1)); the last of a key wins."""
        return parse_trailers(self.message)


_TRAILER = re.compile(r"([A-Za-z][A-Za-z0-9-]*): ?(.*)")
_PERSON = re.compile(r"(.*?) ?<([^>]*)> (-?\d+) [+-]\d{4}")
_CRUD = " .,:;\"'\\"
"""Characters that git strips from both ends of names and addresses (git-commit(1), COMMIT INFORMATION)."""
_FORBIDDEN = re.compile(r"[<>\x00-\x1f\x7f]")


def parse_trailers(message: str) -> dict[str, str]:
    """The trailers of a message; empty unless its last paragraph consists of them."""
    _, split, last = message.strip().rpartition("\n\n")
    found = [_TRAILER.fullmatch(line) for line in last.split("\n")]
    if not split or not all(found):
        return {}
    return {match[1]: match[2].strip() for match in found if match}


def format_message(text: str, trailers: Mapping[str, str]) -> str:
    """Build a message: the text, an empty line, then one line per trailer that has a value."""
    body = text.replace("\0", "").strip() or "(no reason given)"
    lines = [f"{key}: {' '.join(value.split())}" for key, value in trailers.items() if value]
    return body + "\n\n" + "\n".join(lines) + "\n" if lines else body + "\n"


def signature_parts(person: Person) -> tuple[str, str]:
    """Name and address in a form that git accepts: not empty, no angle brackets, no control characters."""
    name = " ".join(_FORBIDDEN.sub(" ", person.name).split()).strip(_CRUD) or "unknown"
    email = "".join(_FORBIDDEN.sub("", person.email).split()).strip(_CRUD) or "unknown@git-mailserver.invalid"
    return name, email


def commit_content(
    tree: str, parents: tuple[str, ...], message: str, author: Person, time: datetime
) -> bytes:
    """A commit as git stores it; the server commits what the author made."""
    when = f"{int(time.timestamp())} +0000"
    people = [
        (word, *signature_parts(person)) for word, person in (("author", author), ("committer", SERVER))
    ]
    lines = [
        f"tree {tree}",
        *(f"parent {parent}" for parent in parents),
        *(f"{word} {name} <{email}> {when}" for word, name, email in people),
    ]
    return "\n".join([*lines, "", message]).encode("utf-8", "replace")


def parse_commit(commit: str, raw: bytes) -> CommitInfo:
    """Parse a stored commit; raises Corrupt if it is malformed."""
    head, _, message = raw.partition(b"\n\n")
    tree, parents, author = "", [], ""
    for line in head.decode(errors="replace").split("\n"):
        key, _, value = line.partition(" ")
        if key == "tree":
            tree = value
        elif key == "parent":
            parents.append(value)
        elif key == "author" and not author:
            author = value
    match = _PERSON.fullmatch(author)
    if not tree or match is None:
        raise Corrupt(f"object {commit} (commit): it has no tree or no author")
    return CommitInfo(
        id=commit,
        tree=tree,
        parents=tuple(parents),
        author=Person(match[1], match[2]),
        time=datetime.fromtimestamp(int(match[3]), UTC),
        message=message.decode(errors="replace"),
    )
