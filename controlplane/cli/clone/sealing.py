"""Seals files of a clone or of the config volume, and single values, for the recipient kept beside them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

from controlplane.cli.ask.client import call
from controlplane.errors import NotFound, Refused, Unavailable
from controlplane.intake.checks.sealed_texts import never_sealed
from controlplane.sealing import is_sealed, seal, seal_value
from controlplane.secrets import RECIPIENT
from controlplane.statefiles.parsed import Place
from controlplane.statefiles.secret_parts import has_format, seal_parts, secret_parts
from controlplane.statefiles.tree import CONFIG, SETTINGS
from controlplane.words.numbers import counted


class Sealed(NamedTuple):
    """A file's content with its secrets sealed; `summary` says what was sealed, empty for nothing."""

    content: bytes
    summary: str


class _Place(NamedTuple):
    """A file's path on `main`, and the age recipient to seal for."""

    path: str
    recipient: str


def value(text: str, near: Path) -> str:
    """Seal one value, as a word that can replace it in a file."""
    return seal_value(text, _recipient(near))


def whole(content: bytes, near: Path) -> str:
    """Seal a whole text, in the armored age format."""
    return seal(content, _recipient(near))


def file(path: Path) -> Sealed:
    """Seal the secrets of a file, which stays as it is.

    Raises NotFound where it is unreadable, Refused where a secret cannot be sealed or the server could not
    read the file sealed.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise NotFound(f"{path} cannot be read: {error.strerror}") from None
    place = _place(path)
    if is_sealed(content):
        return Sealed(content, "")
    inner = _in_place(content, place)
    if inner.summary or has_format(place.path):
        return inner
    if never_sealed(place.path):
        cure = "write it in the clear; it holds no secrets"
        raise Refused.because(f"{path.name} cannot be sealed: the server reads its lines", cure, place.path)
    return Sealed(seal(content, place.recipient).encode(), "sealed as a whole; only the server opens it")


def replace(path: Path, content: bytes) -> None:
    """Replace a file's content atomically, keeping its mode."""
    aside = path.with_name(f".{path.name}.new")
    aside.write_bytes(content)
    shutil.copymode(path, aside)
    aside.replace(path)


def _in_place(content: bytes, place: _Place) -> Sealed:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return Sealed(content, "")
    parts = list(secret_parts(place.path, text))
    if stuck := [part for part in parts if part.cure]:
        problems = [Place(place.path, part.line, part.shown).problem(part.what, part.cure) for part in stuck]
        raise Refused(problems)
    if not parts:
        return Sealed(content, "")
    sealed = seal_parts(text, parts, lambda secret: seal_value(secret, place.recipient))
    return Sealed(sealed.encode(), f"{counted(len(parts), 'secret')} sealed; only the server opens them")


def _place(path: Path) -> _Place:
    whole = path.resolve()
    found = _above(whole.parent)
    if found is None:
        return _Place(path.name if path.name == SETTINGS else CONFIG + path.name, _ask_server())
    root, prefix, recipient = found
    return _Place(prefix + whole.relative_to(root).as_posix(), recipient)


def _recipient(near: Path) -> str:
    found = _above(near.resolve())
    return found[2] if found else _ask_server()


def _above(folder: Path) -> tuple[Path, str, str] | None:
    """The nearest root of a clone or config volume, the prefix of its paths on `main`, and its recipient."""
    for root in (folder, *folder.parents):
        for prefix, name in (("", RECIPIENT), (CONFIG, RECIPIENT.removeprefix(CONFIG))):
            if (root / name).is_file():
                return root, prefix, (root / name).read_text("ascii", errors="replace").strip()
    return None


def _ask_server() -> str:
    try:
        return str(call("recipient")["recipient"])
    except Unavailable as error:
        raise NotFound(f"there is no {RECIPIENT} here, and no server to ask: {error}") from None
