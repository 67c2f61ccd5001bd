"""Reads files of `main` as texts, and writes edited texts as changes."""

from __future__ import annotations

from collections.abc import Mapping

from controlplane.errors import Refused
from controlplane.git import Change, NewFile
from controlplane.intake.trees import Files
from controlplane.sealing import is_sealed


def content_of(files: Files, path: str) -> bytes:
    """The content of a file, empty if there is no file; raises Refused if it is sealed as a whole."""
    if path not in files:
        return b""
    if is_sealed(files[path].content):
        cure = "open it, or seal the single values in it instead"
        raise Refused.because(f"{path} is sealed as a whole: no command can edit it", cure, path)
    return files[path].content


def text_of(files: Files, path: str) -> str:
    """The text of a file, empty if there is no file; raises Refused if it cannot be edited as text."""
    try:
        return content_of(files, path).decode()
    except UnicodeDecodeError:
        raise Refused.because(f"{path} is not UTF-8", "convert the file, then try again", path) from None


def write(files: Files, path: str, text: str) -> Mapping[str, Change]:
    """The change that gives a file this text; none if it has it already."""
    return put(files, path, text.encode())


def put(files: Files, path: str, content: bytes) -> Mapping[str, Change]:
    """The change that gives a file this content; none if it has it already."""
    old = files.get(path)
    if (old.content if old else b"") == content:
        return {}
    return {path: NewFile(content, old.mode) if old else NewFile(content)}
