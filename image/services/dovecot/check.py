"""doveconf(1) and sievec(1) on a staged tree, and the references that doveconf does not follow.

What is found in served.d is told of conf.d, where people have the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from agent.commands import run
from agent.errors import Problem
from agent.files.compilers import last_line
from agent.files.staged_tree import StagedTree
from services.dovecot.complaints import AT_LINE, NAMED, NO_PLUGIN, SECTION
from services.dovecot.references import MODULES, wrong_references
from services.dovecot.rows import Section, listed, sections
from services.dovecot.served_files import CONF_D, SERVED, lay_out, mounted, own_line
from services.programs import check_programs
from wire.manifest import Action, Compile

CONFIG = "etc/dovecot/dovecot.conf"
DEADLINE = 10.0
# Of passdb and userdb (doc.dovecot.org, "Authentication").
DRIVERS = frozenset(
    ["passwd", "passwd-file", "pam", "ldap", "sql", "static", "imap", "oauth2", "lua", "prefetch"]
)


def check_dovecot(staged: StagedTree) -> list[Problem]:
    """Everything that can be known of Dovecot's files before it runs with them."""
    config = staged.path(CONFIG)
    problems: list[Problem] = []
    if config.exists():
        lay_out(staged.folder, staged.target.files.keys() - staged.pinned)
        ran = run(["doveconf", "-nP", "-c", str(config)], DEADLINE)  # without P it hides where keys lie
        if match := AT_LINE.search(ran.output):
            return [_in_its_file(staged, match[1], int(match[2]), match[3])]
        if match := SECTION.search(ran.output):
            return [_in_its_file(staged, match[2], int(match[3]), match[1])]
        if match := NAMED.search(ran.output):
            return [_at(staged, match[1], match[1] + match[2])]
        if match := NO_PLUGIN.search(ran.output):
            return [_at(staged, match[2], match[1])]
        if ran.code:
            return [staged.problem("dovecot", CONFIG, 0, last_line(ran.output))]
        found = sections(ran.output)
        problems = _missing(staged, found) + _unknown(staged, found)
    return problems + _sieve(staged, config) + check_programs(staged, "dovecot")


def _in_its_file(staged: StagedTree, found: str, line: int, message: str) -> Problem:
    problem = staged.problem("dovecot", found, line, message)
    path, line = own_line(staged.folder, problem.path, line)
    return replace(problem, path=path, line=line, message=problem.message.replace(SERVED, CONF_D))


def _missing(staged: StagedTree, found: list[Section]) -> list[Problem]:
    wrong = wrong_references(found, staged)
    return list(dict.fromkeys(_at(staged, w.word, f"{w.name}: {w.reason}", w.name) for w in wrong))


def _unknown(staged: StagedTree, found: list[Section]) -> list[Problem]:
    modules = staged.root / MODULES
    problems = [
        _at(staged, n, f"{kind}: there is no plugin {n}")
        for kind, folder in (("mail_plugins", modules), ("sieve_plugins", modules / "sieve"))
        for n in sorted(listed(found, kind))
        if not _plugin(folder, n)
    ]
    drivers = {s.values.get("driver", "") for s in found if s.kind in ("passdb", "userdb")}
    bad = sorted(drivers - DRIVERS - {""})
    return problems + [_at(staged, name, f"driver: there is no driver {name}") for name in bad]


def _plugin(modules: Path, name: str) -> bool:
    return not name.isidentifier() or name.startswith("$") or any(modules.glob(f"lib*_{name}_plugin.so"))


def _at(staged: StagedTree, word: str, message: str, name: str = "") -> Problem:
    """A problem at the last line of a staged file that holds a word: later files win.

    A word that is made of others stands in no line: the last line that sets `name` is meant then.
    """
    word = word.removeprefix(str(staged.folder))
    whole = re.compile(rf"(?<![\w./-]){re.escape(word)}(?![\w/-])")
    sets = re.compile(rf"\s*{re.escape(name)}\s*[={{]") if name else None
    for pattern in (whole, sets):
        found = _last_line(staged, pattern) if pattern else None
        if found:
            return Problem("dovecot", *own_line(staged.folder, *found), message)
    return Problem("dovecot", CONFIG, 0, message)


def _last_line(staged: StagedTree, pattern: re.Pattern[str]) -> tuple[str, int] | None:
    texts = dict(_texts(staged))
    for path in sorted(texts, key=lambda p: (p.endswith("local.conf"), p), reverse=True):
        lines = texts[path].splitlines()
        rows = [n for n, line in enumerate(lines, 1) if pattern.search(line) and line.lstrip()[:1] != "#"]
        if rows:
            return path, rows[-1]
    return None


def _texts(staged: StagedTree) -> Iterator[tuple[str, str]]:
    """What may hold a setting: files of the release, and in their places what is mounted."""
    for path, entry in staged.target.files.items():
        if "dovecot" in entry.services and entry.action != Action.NONE and path not in staged.pinned:
            yield path, staged.text(path)
    yield from mounted(staged.folder)


def _sieve(staged: StagedTree, config: Path) -> list[Problem]:
    """Compile each changed script, with the staged configuration's extensions."""
    problems = []
    for entry in staged.target.files.values():
        if entry.compile != Compile.SIEVE or not staged.changed(entry):
            continue
        source = staged.write(entry)
        words = ["sievec", "-c", str(config)] if config.exists() else ["sievec"]
        ran = run([*words, str(source), str(source.with_suffix(".svbin"))], DEADLINE)
        if not ran.code:
            continue
        found = re.findall(r"line (\d+): error: (.*)", ran.output)
        if found:
            problems += [Problem("dovecot", entry.path, int(line), text) for line, text in found]
        else:
            problems.append(staged.problem("dovecot", entry.path, 0, last_line(ran.output)))
    return problems
