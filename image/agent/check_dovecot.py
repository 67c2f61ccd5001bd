"""doveconf(1) and sievec(1) on a staged tree, and the references that doveconf does not follow."""

from __future__ import annotations

import re
from pathlib import Path

from agent.commands import run
from agent.errors import Problem
from agent.files.compilers import last_line
from agent.files.staged_tree import Shadow

CONFIG = "etc/dovecot/dovecot.conf"
DEADLINE = 10.0
AT_LINE = re.compile(r"Error in configuration file (/\S+) line (\d+): (.*)")
SECTION = re.compile(r"(Missing '}') \(section started at (/\S+):(\d+)\)")
READ_FILE = re.compile(r"^\s*(ssl_\w+) = <(/\S+)", re.MULTILINE)
PLUGINS = re.compile(r"^\s*mail_plugins = (.*)$", re.MULTILINE)
DRIVER = re.compile(r"^\s*driver = (\S+)", re.MULTILINE)
PASSWD_FILE = re.compile(r"args = (?:\S+ )*(/\S+)[^}]*?driver = passwd-file", re.DOTALL)
SIEVE_PLUGINS = re.compile(r"^\s*sieve_plugins = (.*)$", re.MULTILINE)
LUA_SCRIPT = re.compile(r"args = (?:\S+ )*file=(/\S+)[^}]*?driver = lua", re.DOTALL)
MODULES = "usr/lib/dovecot/modules"
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


def check_dovecot(shadow: Shadow) -> list[Problem]:
    """Everything that can be known of Dovecot's files before it runs with them."""
    config = shadow.path(CONFIG)
    problems: list[Problem] = []
    if config.exists():
        ran = run(["doveconf", "-n", "-c", str(config)], DEADLINE)
        if match := AT_LINE.search(ran.output):
            return [shadow.problem("dovecot", match[1], int(match[2]), match[3])]
        if match := SECTION.search(ran.output):
            return [shadow.problem("dovecot", match[2], int(match[3]), match[1])]
        if ran.code:
            return [shadow.problem("dovecot", CONFIG, 0, last_line(ran.output))]
        problems = _missing(shadow, ran.output) + _unknown(shadow, ran.output)
    return problems + _sieve(shadow, config)


def _missing(shadow: Shadow, text: str) -> list[Problem]:
    rows = [(name, path) for name, path in READ_FILE.findall(text) if not shadow.exists(_real(shadow, path))]
    rows += [
        ("args", path)
        for path in PASSWD_FILE.findall(text)
        if "%" not in path and not shadow.exists(_real(shadow, path))
    ]
    scripts = [path for path in LUA_SCRIPT.findall(text) if not shadow.exists(_real(shadow, path))]
    rows += [("args", path) for path in scripts]
    return [_at(shadow, path, f"{name}: {_real(shadow, path)} does not exist") for name, path in rows]


def _unknown(shadow: Shadow, text: str) -> list[Problem]:
    modules = shadow.root / MODULES
    names = {name for value in PLUGINS.findall(text) for name in value.split()}
    problems = [
        _at(shadow, n, f"mail_plugins: there is no plugin {n}")
        for n in sorted(names)
        if not _plugin(modules, n)
    ]
    names = {name for value in SIEVE_PLUGINS.findall(text) for name in value.split()}
    problems += [
        _at(shadow, n, f"sieve_plugins: there is no plugin {n}")
        for n in sorted(names)
        if not _plugin(modules / "sieve", n)
    ]
    bad = sorted(set(DRIVER.findall(text)) - DRIVERS)
    return problems + [_at(shadow, name, f"driver: there is no driver {name}") for name in bad]


def _plugin(modules: Path, name: str) -> bool:
    return not name.isidentifier() or name.startswith("$") or any(modules.glob(f"lib*_{name}_plugin.so"))


def _real(shadow: Shadow, path: str) -> str:
    return path.removeprefix(str(shadow.folder))


def _at(shadow: Shadow, word: str, message: str) -> Problem:
    """A problem at the last line of a staged file that holds a word: later files win."""
    wanted = _real(shadow, word)
    for path in sorted(shadow.target.files, key=lambda p: (p.endswith("local.conf"), p), reverse=True):
        entry = shadow.target.files[path]
        if "dovecot" not in entry.services or entry.action == "none":
            continue
        lines = shadow.text(path).splitlines()
        rows = [n for n, line in enumerate(lines, 1) if wanted in line and not line.lstrip().startswith("#")]
        if rows:
            return Problem("dovecot", path, rows[-1], message)
    return Problem("dovecot", CONFIG, 0, message)


def _sieve(shadow: Shadow, config: Path) -> list[Problem]:
    """Compile each changed script, with the staged configuration's extensions."""
    problems = []
    for entry in shadow.target.files.values():
        if entry.compile != "sievec" or not shadow.changed(entry):
            continue
        source = shadow.write(entry)
        words = ["sievec", "-c", str(config)] if config.exists() else ["sievec"]
        ran = run([*words, str(source), str(source.with_suffix(".svbin"))], DEADLINE)
        if not ran.code:
            continue
        found = re.findall(r"line (\d+): error: (.*)", ran.output)
        if found:
            problems += [Problem("dovecot", entry.path, int(line), text) for line, text in found]
        else:
            problems.append(shadow.problem("dovecot", entry.path, 0, last_line(ran.output)))
    return problems
