"""doveconf(1) and sievec(1) on a staged tree, and the references that doveconf does not follow."""

from __future__ import annotations

import re
from pathlib import Path

from agent.commands import run
from agent.errors import Problem
from agent.files.compilers import last_line
from agent.files.staged_tree import StagedTree
from services.dovecot.references import MODULES, wrong_references
from services.dovecot.rows import sections, unquoted
from services.programs import check_programs
from wire.manifest import Action, Compile

CONFIG = "etc/dovecot/dovecot.conf"
DEADLINE = 10.0
AT_LINE = re.compile(r"Error in configuration file (/\S+) line (\d+): (.*)")
SECTION = re.compile(r"(Missing '}') \(section started at (/\S+):(\d+)\)")
PLUGINS = re.compile(r"^\s*mail_plugins = (.*)$", re.MULTILINE)
DRIVER = re.compile(r"^\s*driver = (\S+)", re.MULTILINE)
SIEVE_PLUGINS = re.compile(r"^\s*sieve_plugins = (.*)$", re.MULTILINE)
NAMED = re.compile(r"Error in configuration file /[^\s:]+: (\w+)(.*)")
# Of passdb, userdb and dict blocks (doc.dovecot.org, "Authentication", "Quota backends").
DRIVERS = frozenset(
    [
        "passwd",
        "passwd-file",
        "shadow",
        "pam",
        "bsdauth",
        "checkpassword",
        "ldap",
        "sql",
        "static",
        "imap",
        "oauth2",
        "lua",
        "prefetch",
        "dict",
        "nss",
        "vpopmail",
        "mysql",
        "pgsql",
        "sqlite",
    ]
)


def check_dovecot(staged: StagedTree) -> list[Problem]:
    """Everything that can be known of Dovecot's files before it runs with them."""
    config = staged.path(CONFIG)
    problems: list[Problem] = []
    if config.exists():
        ran = run(["doveconf", "-nP", "-c", str(config)], DEADLINE)  # without P it hides where keys lie
        if match := AT_LINE.search(ran.output):
            return [staged.problem("dovecot", match[1], int(match[2]), match[3])]
        if match := NAMED.search(ran.output):
            return [_at(staged, match[1], match[1] + match[2])]
        if match := SECTION.search(ran.output):
            return [staged.problem("dovecot", match[2], int(match[3]), match[1])]
        if ran.code:
            return [staged.problem("dovecot", CONFIG, 0, last_line(ran.output))]
        problems = _missing(staged, ran.output) + _unknown(staged, ran.output)
    return problems + _sieve(staged, config) + check_programs(staged, "dovecot")


def _missing(staged: StagedTree, text: str) -> list[Problem]:
    found = wrong_references(sections(text), staged)
    return list(dict.fromkeys(_at(staged, w.word, f"{w.name}: {w.reason}", w.name) for w in found))


def _unknown(staged: StagedTree, text: str) -> list[Problem]:
    modules = staged.root / MODULES
    names = {name for value in PLUGINS.findall(text) for name in unquoted(value).split()}
    problems = [
        _at(staged, n, f"mail_plugins: there is no plugin {n}")
        for n in sorted(names)
        if not _plugin(modules, n)
    ]
    names = {name for value in SIEVE_PLUGINS.findall(text) for name in unquoted(value).split()}
    problems += [
        _at(staged, n, f"sieve_plugins: there is no plugin {n}")
        for n in sorted(names)
        if not _plugin(modules / "sieve", n)
    ]
    bad = sorted(set(DRIVER.findall(text)) - DRIVERS)
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
            return Problem("dovecot", *found, message)
    return Problem("dovecot", CONFIG, 0, message)


def _last_line(staged: StagedTree, pattern: re.Pattern[str]) -> tuple[str, int] | None:
    for path in sorted(staged.target.files, key=lambda p: (p.endswith("local.conf"), p), reverse=True):
        entry = staged.target.files[path]
        if "dovecot" not in entry.services or entry.action == Action.NONE:
            continue
        lines = staged.text(path).splitlines()
        rows = [n for n, line in enumerate(lines, 1) if pattern.search(line) and line.lstrip()[:1] != "#"]
        if rows:
            return path, rows[-1]
    return None


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
