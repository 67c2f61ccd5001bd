"""The files of conf.d as Dovecot reads them: links to them, and those for 2.3 translated.

People mount files over /etc/dovecot/conf.d, often read-only and often written for Dovecot 2.3, with which 2.4
refuses everything. So dovecot.conf includes the folder beside it that is made here. A link follows its file:
after a change `doveadm reload` is enough. What is translated is made anew by the agent. Lines without an
equivalent are left out there, and told (docs/decisions/0243-mounted-files-are-translated-beside.md).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from agent.commands import run
from agent.errors import Problem
from agent.paths import ASIDE
from services.base import LaidOut
from services.dovecot.refused_lines import Ask, Rows, doveconf, without_refused

CONFIG = "etc/dovecot/dovecot.conf"
CONF_D, SERVED = "etc/dovecot/conf.d", "etc/dovecot/served.d"
LINES = ".lines.json"
"""The line of its file for each line of a translated text, by name."""
KNOWN = Path("/usr/local/share/mailserver/dovecot-conf.d")
"""SHA-256 of each file of the distribution, which the image's build notes."""
COMMAND = ("/opt/git-mailserver/bin/python", "-I", "-OO", "-m", "renderers.dovecot.mounted")
DEADLINE = 20.0
LARGEST = 1 << 20
"""Bytes; a larger file is no configuration."""

Texts = tuple[tuple[str, str], ...]
Translate = Callable[[Texts], Mapping[str, Any]]
"""Paths and texts to the answer of renderers/dovecot/mounted.py. Raises OSError, ValueError."""


@lru_cache(maxsize=4)
def ask(texts: Texts) -> Mapping[str, Any]:
    """Have the control plane translate; the same texts are not asked about twice."""
    ran = run(COMMAND, DEADLINE, given=json.dumps(dict(texts)).encode())
    if ran.code:
        raise OSError(f"the translation ended with {ran.code}")
    answer: dict[str, Any] = json.loads(ran.output)
    return answer


def lay_out(root: Path, ours: Collection[str], translate: Translate = ask, judge: Ask = doveconf) -> LaidOut:
    """Bring the folder to what conf.d holds below `root`; `ours` are paths that are known to be for 2.4."""
    names = _names(root / CONF_D)
    texts = _foreign(root, names, ours)
    left_out: list[Problem] = []
    found: Mapping[str, Any] = {}
    try:
        found = translate(texts) if texts else {}
    except (OSError, ValueError) as error:
        why = f"it could not be looked at, and is read as it is: {error}"
        left_out = [Problem("dovecot", path, 0, why) for path, _ in texts]
    left_out += [
        Problem("dovecot", path, each["line"], f"{each['message']}; {each['cure']}; the line is left out")
        for path, one in found.items()
        for each in one["problems"]
    ]
    texts_of: Rows = {path.rpartition("/")[2]: one["text"].split("\n") for path, one in found.items()}
    lines = {path.rpartition("/")[2]: one["lines"] for path, one in found.items()}
    if texts_of and (root / CONFIG).exists():
        folder, lay = root / CONFIG, partial(_write, names=names, lines=lines)
        texts_of, refused = without_refused(folder.parent, Path(SERVED).name, lay, texts_of, judge)
        left_out += [
            Problem(
                "dovecot",
                f"{CONF_D}/{each.name}",
                lines[each.name][each.row],
                f"{each.reason}; it is left out",
            )
            for each in refused
        ]
    return LaidOut(_write(root / SERVED, texts_of, names, lines), tuple(left_out))


def own_line(root: Path, path: str, line: int) -> tuple[str, int]:
    """The file of conf.d and its line for a place in the folder; any other place as it is."""
    if not path.startswith(f"{SERVED}/"):
        return path, line
    name = path.removeprefix(f"{SERVED}/")
    try:
        rows = json.loads((root / SERVED / LINES).read_text()).get(name, [])
    except (OSError, ValueError):
        rows = []
    return f"{CONF_D}/{name}", rows[line - 1] if 0 < line <= len(rows) else line


def mounted(root: Path) -> Iterator[tuple[str, str]]:
    """Paths in the folder and texts of what is not a release's, as it is read."""
    for name in _names(root / SERVED):
        place = root / SERVED / name
        if not place.is_symlink() or (root / CONF_D / name).is_symlink():
            text = _read(place)
            if text is not None:
                yield f"{SERVED}/{name}", text


def _names(folder: Path) -> list[str]:
    try:
        return sorted(each.name for each in folder.iterdir() if not each.name.startswith("."))
    except OSError:
        return []


def _foreign(root: Path, names: list[str], ours: Collection[str]) -> Texts:
    """Texts of the files that neither a release nor the image's packages brought."""
    known = frozenset((_read(KNOWN) or "").split())
    others = sorted({f"{CONF_D}/{name}" for name in names} - set(ours))
    texts = ((path, _read(root / path)) for path in others)
    return tuple((path, text) for path, text in texts if text is not None and _digest(text) not in known)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _write(folder: Path, texts: Rows, names: Collection[str], lines: Mapping[str, list[int]]) -> bool:
    """Bring the folder to these files; whether anything was different."""
    if folder.is_symlink():  # to conf.d: the image's, for whoever reads the configuration before the agent
        folder.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    changed = False
    for place in [each for each in folder.iterdir() if each.name not in (*names, LINES)]:
        place.unlink()
        changed = True
    for name in names:
        if name in texts:
            mode = (folder.parent / "conf.d" / name).stat().st_mode & 0o777
            changed |= _put(folder / name, "\n".join(texts[name]), mode)
        else:
            changed |= _link(folder / name, f"../{CONF_D.rpartition('/')[2]}/{name}")
    _put(folder / LINES, json.dumps(lines))
    return changed


def _put(place: Path, text: str, mode: int = 0o644) -> bool:
    if not place.is_symlink() and _read(place) == text and place.stat().st_mode & 0o777 == mode:
        return False
    aside = place.with_name(ASIDE + place.name)
    aside.unlink(missing_ok=True)
    aside.touch(0o600)  # a password may stand in it
    aside.write_text(text, "utf-8")
    aside.chmod(mode)
    aside.replace(place)
    return True


def _link(place: Path, target: str) -> bool:
    if place.is_symlink() and str(place.readlink()) == target:
        return False
    aside = place.with_name(ASIDE + place.name)
    aside.unlink(missing_ok=True)
    aside.symlink_to(target)
    aside.replace(place)
    return True


def _read(path: Path) -> str | None:
    """The text of a file; None for what is no text, too large or cannot be read."""
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return None
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
