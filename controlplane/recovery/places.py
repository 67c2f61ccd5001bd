"""Restores the layout of a state volume: the folders and files without which nothing opens."""

from __future__ import annotations

import re
import time
from pathlib import Path

from controlplane.recovery.findings import Findings

HEAD = "ref: refs/heads/main\n"
KEPT = "damaged"
"""The folder below the control folder that keeps damaged files for inspection."""
_PACKED = re.compile(rb"(#.*|\^[0-9a-f]{40}|[0-9a-f]{40} \S+)")
_FILES = ("writer.lock", "snapshot.json", "readmodel.sqlite", "identity.age", "digest.key", "log-tail")


def mend(repository: Path, control: Path, findings: Findings) -> None:
    """Make both folders ready to be opened. What never existed is left alone: that is a first start."""
    _mend_control(control, findings)
    if repository.exists() and not repository.is_dir():
        put_aside(repository, control)
        findings.repaired("repository", "a file lay in the place of state.git and was put aside")
    if repository.is_dir() and any(repository.iterdir()):
        _mend_repository(repository, control, findings)


def put_aside(path: Path, control: Path) -> Path:
    """Move something out of the way; returns its new path."""
    folder = control / KEPT
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = folder / f"{time.strftime('%Y%m%dT%H%M%S')}-{path.name}"
    number = 0
    while target.exists():
        number += 1
        target = target.with_name(f"{target.name}.{number}")
    path.replace(target)
    return target


def _mend_control(control: Path, findings: Findings) -> None:
    if control.exists() and not control.is_dir():
        aside = control.with_name("control.damaged")
        control.replace(aside)
        findings.repaired("control", f"a file lay in its place and is {aside.name} now")
    control.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in _FILES:
        if (control / name).is_dir():
            put_aside(control / name, control)
            findings.repaired(name, "a folder lay in its place and was put aside")
    accepted = control / "accepted"
    if accepted.exists() and not accepted.is_dir():
        put_aside(accepted, control)
        findings.repaired("accepted", "a file lay in its place and was put aside")


def _mend_repository(repository: Path, control: Path, findings: Findings) -> None:
    head = repository / "HEAD"
    text = head.read_bytes() if head.is_file() else b""
    if text != HEAD.encode():
        if head.is_dir():
            put_aside(head, control)
        aside = repository / "HEAD.new"
        aside.write_text(HEAD)
        aside.replace(head)
        findings.repaired("HEAD", "HEAD of state.git was lost or damaged and was written again")
    for name in ("objects", "objects/pack", "objects/info", "refs", "refs/heads", "refs/tags"):
        folder = repository / name
        if not folder.is_dir():
            if folder.exists():
                put_aside(folder, control)
            folder.mkdir()
            if name not in ("objects/pack", "objects/info", "refs/tags"):  # git itself leaves these out
                findings.repaired(name, f"the folder {name} of state.git was lost and was made again")
    _mend_texts(repository, control, findings)


def _mend_texts(repository: Path, control: Path, findings: Findings) -> None:
    packed = repository / "packed-refs"
    if packed.exists() and (
        not packed.is_file() or not all(map(_PACKED.fullmatch, packed.read_bytes().splitlines()))
    ):
        put_aside(packed, control)
        findings.repaired("packed-refs", "packed-refs of state.git was damaged and was put aside")
    config = repository / "config"
    if not config.is_file() or not _is_config(config.read_bytes()):
        if config.exists():
            put_aside(config, control)
        config.write_text("[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n")
        findings.repaired("config", "config of state.git was lost or damaged and was written again")
    hooks = repository / "hooks"
    if hooks.exists() and not hooks.is_dir():
        put_aside(hooks, control)
        findings.repaired("hooks", "a file lay in the place of the hooks of state.git and was put aside")


_CONFIG_LINE = re.compile(
    rb"\s*(?:[#;].*|\[[A-Za-z0-9.-]+(?: \"[^\"]*\")?\].*|[A-Za-z][A-Za-z0-9-]*\s*(?:=.*)?)?"
)


def _is_config(text: bytes) -> bool:
    """Whether this is a readable git-config(1) file that says that the repository is bare."""
    lines = text.splitlines()
    return all(map(_CONFIG_LINE.fullmatch, lines)) and any(
        line.split() == [b"bare", b"=", b"true"] for line in lines
    )
