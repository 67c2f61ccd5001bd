"""Files that nothing reads: a name misspelt, a wrong folder, a copy that an editor left.

An import and a push say the same of them, in these words.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import NamedTuple

from controlplane.events import Event, OverrideChanged
from controlplane.intake.plan import Notice
from controlplane.model import Desired, Override
from controlplane.protocol.changes import Support
from controlplane.secrets import RECIPIENT
from controlplane.settings import ENV_FILE
from controlplane.statefiles import rspamd_files
from controlplane.statefiles.documented import CONFIG_FILES, documented, neighbours, passed_over
from controlplane.statefiles.treefile import CONFIG
from wire.leftovers import left_over

_SCRIPT = ".dovecot.sieve"
_EVERYBODYS = ("before", "after")
_RSPAMD = rspamd_files.FOLDER.partition("/")[0]
_SERVICES = ("postfix-", "dovecot-", "fail2ban-")
_ALIKE = 0.8
"""How alike two names are, of 1, where one is taken for the other misspelt (difflib's measure)."""
_FOLDERS_ALIKE = 0.6
_MOST = 10
"""Misplaced files that are named one by one."""


class Use(NamedTuple):
    """Whether anything reads a file, and what people should know about that."""

    support: Support
    note: str = ""


def use_of(name: str, texts: Iterable[bytes] = ()) -> Use:
    """What becomes of a file (by path below config/); `texts` are the files that may name it."""
    known = documented(name)
    if CONFIG + name == RECIPIENT:
        return Use("supported")
    if known is not None and not passed_over(name):
        return (
            Use("later", f"kept, comes into effect with {known.later}") if known.later else Use("supported")
        )
    if _is_named(name, texts):
        return Use("supported")
    if why := left_over(name):
        return Use("unknown", f"{why}; nothing reads it: remove it")
    meant = nearest(name)
    hint = f"; did you mean {CONFIG}{meant}?" if meant else ", unless compose.yaml mounts it somewhere"
    return Use("unknown", f"kept, but nothing reads it{hint}")


def nearest(name: str) -> str:
    """The documented file or folder below config/ that this one was meant to be; empty where none is near."""
    if beside := neighbours(name):
        folder, _, own = name.rpartition("/")
        found = [each for each in beside if each.rpartition(".")[0] == own.rpartition(".")[0]]
        found = found or get_close_matches(own, beside, n=1, cutoff=_ALIKE)
        return f"{folder}/{found[0]}" if found else ""
    lower, base = name.lower(), name.lower().rpartition("/")[2]
    if documented(base) is not None and base != name:  # in a folder of its own, or in capital letters
        return base
    files = [each.name for each in CONFIG_FILES if not each.name.endswith("/") and "<" not in each.name]
    if of_service := _without_service(base, files):
        return of_service
    if stem := _of_one_stem(base, files):
        return stem
    if base.partition(".")[0] in _EVERYBODYS and base.endswith(".sieve"):
        return base.partition(".")[0] + _SCRIPT
    if base.partition("-")[0].partition(".")[0] == "getmail":
        return "getmail-NAME.cf"
    by_base = {file.rpartition("/")[2]: file for file in files}
    if found := get_close_matches(base, by_base, n=1, cutoff=_ALIKE):
        return by_base[found[0]]
    if base.endswith(".sieve"):
        return f"ADDRESS{_SCRIPT}"
    return _nearest_folder(lower.rpartition("/")[0], base)


def _without_service(base: str, files: Iterable[str]) -> str:
    """The file whose name this is without the service's before it: `virtual`, `quota.cf`."""
    ours = [file for file in files if file.startswith(_SERVICES)]
    rests = {file.partition("-")[2]: file for file in ours}
    found = get_close_matches(base if "." in base else f"{base}.cf", rests, n=1, cutoff=_ALIKE)
    return rests[found[0]] if found else ""


def _of_one_stem(base: str, files: Iterable[str]) -> str:
    """The only file that is called the same but for its ending."""
    stem = base.partition(".")[0]
    alike = [file for file in files if file.partition(".")[0] == stem]
    return alike[0] if len(alike) == 1 else ""


def _nearest_folder(folder: str, base: str) -> str:
    deep = folder.count("/") + 1
    folders = [each.name for each in CONFIG_FILES if each.name.endswith("/") and each.name.count("/") == deep]
    if base in rspamd_files.NAMES and folder.partition("/")[0] in ("", _RSPAMD):
        return rspamd_files.FOLDER + base
    found = get_close_matches(f"{folder}/", folders, n=1, cutoff=_FOLDERS_ALIKE) if folder else []
    return found[0] if found else ""


def notices(after: Desired, events: Iterable[Event]) -> Iterator[Notice]:
    """A notice for each file that this change brings and that nothing reads."""
    for event in events:
        if isinstance(event, OverrideChanged):
            name = event.path
            use = use_of(name, _texts(after.overrides, name, after.settings.values()))
            note = use.note if not name.rpartition("/")[2].startswith(".git") else ""
            if note or (note := _of_nobody(name, after)):
                yield Notice(event.subject, note)


def misplaced(paths: Collection[str]) -> list[Notice]:
    """Notices for files outside config/ that would mean something in it, or are a misspelt mailserver.env."""
    found: dict[str, str] = {}
    for path in paths:
        if path.startswith(CONFIG) or path == ENV_FILE:
            continue
        below = _below(path)
        if documented(below) is not None:
            found[path] = f"nothing reads it there: did you mean {CONFIG}{below}?"
        elif (
            "/" not in path
            and ENV_FILE not in paths
            and get_close_matches(path.lower(), [ENV_FILE], cutoff=_ALIKE)
        ):
            found[path] = f"nothing reads it: did you mean {ENV_FILE}?"
    told = [Notice(path, message) for path, message in sorted(found.items())]
    more = len(told) - _MOST
    return (
        told
        if more <= 0
        else [*told[:_MOST], Notice(CONFIG, f"{more} more files are not where they are read")]
    )


def _below(path: str) -> str:
    """The path below what is, or was probably meant to be, the folder config/."""
    first, _, rest = path.partition("/")
    if rest and get_close_matches(first.lower(), [CONFIG.rstrip("/")], n=1, cutoff=_ALIKE):
        return rest
    return path.rpartition(f"/{CONFIG}")[2]


def _of_nobody(name: str, after: Desired) -> str:
    """What is wrong with a personal Sieve script whose account is not there."""
    login = name.removesuffix(_SCRIPT)
    if login == name or login in _EVERYBODYS or "/" in name or login.lower() in after.accounts:
        return ""
    if after.settings.get("ACCOUNT_PROVISIONER", "").upper() == "LDAP":
        return ""
    return f"there is no account {login}: nobody's mail goes through this script"


def _texts(overrides: Mapping[str, Override], besides: str, values: Iterable[str]) -> Iterator[bytes]:
    yield from (override.content for name, override in overrides.items() if name != besides)
    yield from (value.encode() for value in values)


def _is_named(name: str, texts: Iterable[bytes]) -> bool:
    """Whether a text names the file, or a folder that it is in."""
    parts = name.split("/")
    folders = ["/".join(parts[:many]) + "/" for many in range(1, len(parts))]
    short = "/".join(parts[-2:])  # as Rspamd names its maps, below its own folder of configuration
    wanted = [text.encode() for text in (name, short, *folders)]
    return any(word in text for text in texts for word in wanted)
