"""Turns a configuration into changes of `main`: sorted, sealed, merged, reported. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain

from controlplane import secrets
from controlplane.errors import Problem
from controlplane.git import EXECUTABLE, FILE, Change, NewFile
from controlplane.intake.checks import spoilt_files
from controlplane.intake.checks.tree_policy import MAX_OVERRIDE, is_script, name_problems
from controlplane.intake.checks.unread_files import Use, use_of
from controlplane.intake.importing import merging
from controlplane.intake.importing.clear_secrets import Sealer
from controlplane.intake.importing.items import Item, Prepared
from controlplane.intake.importing.settings import Adapted, adapt
from controlplane.intake.trees import Files
from controlplane.model import Pin
from controlplane.protocol.changes import Done
from controlplane.statefiles import env_file
from controlplane.statefiles.documented import documented
from controlplane.statefiles.parsed import MAX_PROBLEMS
from controlplane.statefiles.treefile import CONFIG, TreeFile
from wire.leftovers import left_over


@dataclass(frozen=True)
class Brought:
    """The imported configuration: files by path below the config folder, and perhaps a mailserver.env."""

    files: Files
    env: bytes | None = None
    replace: bool = False
    """Whether it replaces what `main` has."""


@dataclass(frozen=True)
class Here:
    """What the import is merged into: the files of `main`, those of a new `main`, and the pinned settings."""

    main: Files
    template: Mapping[str, bytes]
    pins: Mapping[str, Pin]
    sealer: Sealer
    is_new: bool = False
    """Whether nothing was ever served: what a new `main` starts with is nobody's choice yet."""


@dataclass
class _Making:
    changes: dict[str, Change] = field(default_factory=dict)
    files: list[Item] = field(default_factory=list)
    settings: list[Item] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def prepare(brought: Brought, here: Here) -> Prepared:
    """What an import would do; with problems none of it may be done."""
    making = _Making()
    for name, file in sorted(brought.files.items()):
        _file(name, file, brought, here, making)
    if brought.env is not None:
        _env(brought.env, brought.replace, here, making)
    elif here.is_new and making.changes:
        _documented_defaults(here, making)
    return Prepared(
        making.changes, tuple(making.files), tuple(making.settings), tuple(making.problems[:MAX_PROBLEMS])
    )


def _file(name: str, file: TreeFile, brought: Brought, here: Here, making: _Making) -> None:
    path = CONFIG + name
    why = left_over(name) or _unwanted(path, file, documented(name) is None)
    if why:
        making.files.append(Item(path, "left out", note=why))
        return
    if misnamed := name_problems(path):
        making.problems += misnamed
        return
    others = (each.content for other, each in brought.files.items() if other != name)
    use = use_of(name, chain(others, (brought.env or b"",)))
    if spoilt := _spoilt(path, file, use, here):
        making.problems += spoilt
        making.files.append(Item(path, "left out", use.support, "not what it was meant to be"))
        return
    content = here.sealer.file(path, file.content)
    done = _meet(path, TreeFile(content, _mode(path, file)), file.content, brought.replace, here, making)
    making.files.append(Item(path, done, use.support, use.note, sealed=content != file.content))


def _spoilt(path: str, file: TreeFile, use: Use, here: Here) -> list[Problem]:
    """Why the file is not what it was meant to be; what `main` has already is not judged again."""
    ours = here.main.get(path)
    if ours is not None and ours.content == file.content:
        return []
    return spoilt_files.problems(path, file.content, is_read=use.support != "unknown")


def _unwanted(path: str, file: TreeFile, unknown: bool) -> str:
    if path == secrets.RECIPIENT:
        return "another server's recipient: this one has its own"
    if unknown and len(file.content) > MAX_OVERRIDE:
        return f"nothing reads it, and it is larger than {MAX_OVERRIDE >> 20} MiB"
    return ""


def _mode(path: str, file: TreeFile) -> int:
    """The mode of a file: executable only for scripts that the server runs; many folders mark all."""
    return EXECUTABLE if file.mode & 0o111 and is_script(path) else FILE


def _meet(path: str, new: TreeFile, plain: bytes, replace: bool, here: Here, making: _Making) -> Done:
    """Decide about a file that `main` may have too; adds the change to `making`."""
    ours = here.main.get(path)
    if (
        ours is not None
        and ours.mode == new.mode
        and here.sealer.opened(ours.content) == here.sealer.opened(plain)
    ):
        return "same"
    if ours is None or not ours.content.strip() or ours.content == here.template.get(path):
        making.changes[path] = NewFile(new.content, new.mode)
        return "added"
    if replace or ours.content == new.content:
        making.changes[path] = NewFile(new.content, new.mode)
        return "replaced"
    return _merged(path, ours, new, here, making)


def _merged(path: str, ours: TreeFile, new: TreeFile, here: Here, making: _Making) -> Done:
    found: str | list[Problem] = [merging.different(path, ours.content, new.content)]
    if path in merging.RECORDS:
        try:
            texts = ours.content.decode(), new.content.decode()
        except UnicodeDecodeError:
            pass  # told as different
        else:
            found = merging.merge(path, *texts, lambda text: here.sealer.opened(text.encode()).decode())
    if found == ours.content.decode(errors="replace"):
        return "same"
    if isinstance(found, str):
        making.changes[path] = NewFile(found.encode(), ours.mode)
        return "merged"
    making.problems += found
    return "left out"


def _documented_defaults(here: Here, making: _Making) -> None:
    """For a folder without settings, which was written for the documented ones."""
    ours, first = here.main.get(env_file.PATH), here.template.get(env_file.PATH)
    if ours is not None and ours.content == first:
        making.changes[env_file.PATH] = NewFile(env_file.to_defaults(first.decode()).encode())
        note = "none were brought: what a new repository sets gives way to the documented defaults"
        making.files.append(Item(env_file.PATH, "merged", "supported", note))


def _env(content: bytes, replace: bool, here: Here, making: _Making) -> None:
    adapted = adapt(content, here.sealer, here.pins)
    making.problems += adapted.problems
    if adapted.problems:
        making.settings += adapted.items.values()
        return
    ours = here.main.get(env_file.PATH)
    text = ours.content.decode(errors="replace") if ours else ""
    known = {name: here.sealer.plain(value) for name, value in env_file.parse(text).rows.items()}
    found = _env_text(adapted, text, known, replace, here)
    if isinstance(found, str):
        if found != text:
            making.changes[env_file.PATH] = NewFile(found.encode())
        done: Done = "same" if found == text else "merged" if found != adapted.text else "added"
        making.files.append(Item(env_file.PATH, done, "supported"))
    else:
        making.problems += found
    making.settings += _settings(adapted, known)


def _env_text(
    adapted: Adapted, ours: str, known: Mapping[str, str], replace: bool, here: Here
) -> str | list[Problem]:
    if here.sealer.opened(ours.encode()) == here.sealer.opened(adapted.text.encode()):
        return ours
    if replace or not ours.strip() or ours.encode() == here.template.get(env_file.PATH):
        return adapted.text
    return _merged_settings(adapted, ours, known, here)


def _merged_settings(
    adapted: Adapted, text: str, known: Mapping[str, str], here: Here
) -> str | list[Problem]:
    first = env_file.parse(here.template.get(env_file.PATH, b"").decode()).rows
    written = env_file.parse(adapted.text).rows
    wanted = {name: value for name, value in written.items() if known.get(name) != adapted.rows.get(name)}
    lines = {name: adapted.items[name].line for name in wanted}
    return merging.merge_settings(text, wanted, known, first, lines)


def _settings(adapted: Adapted, known: Mapping[str, str]) -> Iterator[Item]:
    for name, item in adapted.items.items():
        same = item.done == "added" and known.get(name) == adapted.rows.get(name)
        yield replace(item, done="same") if same else item
