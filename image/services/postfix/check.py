"""postconf(1) and postmap(1) on a staged tree, and the references they do not follow.

Not `postfix check` (postfix(1)): of the parameters it says what every program of Postfix says that reads
main.cf, and what else it looks at is the installation and every file of the queue, which no release changes
and which takes a quarter of a second and more.
"""

from __future__ import annotations

import re
from pathlib import Path

from agent.commands import run, run_all
from agent.errors import Problem
from agent.files.compilers import last_line, minimal_config
from agent.files.staged_tree import StagedTree
from agent.health.logs import failed
from services.postfix.restrictions import unknown_restrictions
from services.postfix.tables import INDEXED, NOT_TABLES, TEXT_TABLES, references
from wire.manifest import Action, Compile

MAIN, MASTER = "etc/postfix/main.cf", "etc/postfix/master.cf"
DEADLINE = 10.0
DIRECTORIES = (
    "daemon_directory",
    "command_directory",
    "data_directory",
    "meta_directory",
    "queue_directory",
    "shlib_directory",
)
"""Parameters without whose folder Postfix does not run."""
AT_LINE = re.compile(r"(?:file )?(/\S+?)[,:] line (\d+): (.*)")
SETS = re.compile(r"([^\s=#]+)\s*=")
OVERRIDES = re.compile(r"-o\s*\{?\s*([^\s=]+)\s*=")
UNUSED = re.compile(r"warning: (/\S+?): unused parameter: ([^=\s]+)=?")
QUERY_TIME = re.compile(r"(?:pcre|regexp|cidr) map (/\S+?), line (\d+): (.*)")


def check_postfix(staged: StagedTree) -> list[Problem]:
    """Everything that can be known of Postfix's files before it runs with them."""
    problems = [
        p for e in staged.target.files.values() if e.compile == Compile.POSTMAP for p in _map(staged, e.path)
    ]
    touched = [e for e in staged.target.files.values() if "postfix" in e.services and staged.changed(e)]
    # A table is checked by compiling it; the rest need not be asked again when only tables changed.
    configured = any(entry.action != Action.NONE and not entry.compile for entry in touched)
    if not configured or not staged.path(MAIN).exists():
        return problems
    folder = str(staged.path("etc/postfix"))
    settings, services, types, places, master = run_all(
        (
            ("postconf", "-c", folder, "-nx"),
            ("postconf", "-c", folder, "-Px"),
            ("postconf", "-m"),
            ("postconf", "-c", folder, "-xh", *DIRECTORIES),
            ("postconf", "-c", folder, "-M"),
        ),
        DEADLINE,
    )
    found = [p for ran in (settings, services) for p in complaints(staged, ran.output, ran.code)]
    if found:
        return problems + found
    problems += _rules(staged, settings.output, services.output, set(types.output.split()))
    problems += _daemons(staged, places.output.splitlines(), master.output.splitlines())
    return problems or _parameters(staged, folder)


def ask_postfix(folder: str = "/etc/postfix") -> tuple[str, ...]:
    """A command that ends with an error where Postfix cannot start with the parameters of a folder.

    It looks up a word in a table of its own, for which it first reads and checks main.cf like any other
    program of Postfix.
    """
    return "postmap", "-c", folder, "-q", "x", "inline:{x=x}"


def _parameters(staged: StagedTree, folder: str) -> list[Problem]:
    ran = run(ask_postfix(folder), DEADLINE)
    if not ran.code:
        return []
    # The last line is the fatal one; what comes before it are remarks that postconf makes too.
    text = last_line(ran.output).partition(": ")[2] or last_line(ran.output)
    found = failed("postfix", "Postfix cannot start", text, (MAIN, staged.text(MAIN)))
    return [staged.problem("postfix", found.path or MAIN, found.line, found.reason)]


def complaints(staged: StagedTree, output: str, code: int) -> list[Problem]:
    """Warnings and errors of a Postfix tool, each at its line. Unknown names only warn: a warning counts."""
    found = []
    for line in output.splitlines():
        if not re.match(r"\S*(postconf|postfix|postfix-script|postmap)\S*: (warning|fatal|error)", line):
            continue
        if match := UNUSED.search(line):
            name = match[2]
            path = match[1].removeprefix(str(staged.folder)).lstrip("/")
            text = staged.text(path)
            found.append(Problem("postfix", path, _lines(text).get(name, 0), f"unknown parameter {name}"))
        elif match := AT_LINE.search(line):
            found.append(staged.problem("postfix", match[1], int(match[2]), match[3]))
        else:
            found.append(staged.problem("postfix", MAIN, 0, line.partition(": ")[2]))
    if code and not found:
        found.append(staged.problem("postfix", MAIN, 0, last_line(output)))
    return found


def _map(staged: StagedTree, path: str) -> list[Problem]:
    entry = staged.target.files[path]
    if not staged.changed(entry):
        return []
    source = staged.write(entry)
    ran = run(["postmap", "-c", str(minimal_config(staged.folder)), f"lmdb:{source}"], 60.0)
    found = []
    for line in ran.output.splitlines():
        if match := re.search(r"(/\S+?), line (\d+): (.*)", line):
            found.append(staged.problem("postfix", match[1], int(match[2]), match[3]))
        elif match := re.search(r'duplicate entry: "(.*)"', line):
            found.append(
                Problem(
                    "postfix", path, _key_line(staged.text(path), match[1]), f"duplicate entry {match[1]}"
                )
            )
    if ran.code and not found:
        found.append(staged.problem("postfix", path, 0, last_line(ran.output)))
    return found


def _key_line(text: str, key: str) -> int:
    """The last line of a key in a table, 0 when it cannot be found."""
    rows = [n for n, line in enumerate(text.splitlines(), 1) if line.split(maxsplit=1)[:1] == [key]]
    return rows[-1] if rows else 0


def _rules(staged: StagedTree, settings: str, services: str, types: set[str]) -> list[Problem]:
    """References to tables and names of restrictions, in main.cf and in the -o of master.cf."""
    classes = set(re.split(r"[\s,]+", _value(settings, "smtpd_restriction_classes")))
    problems = []
    for path, output in ((MAIN, settings), (MASTER, services)):
        lines = _lines(staged.text(path))
        for row in output.splitlines():
            name, _, value = row.partition(" = ")
            name = name.rpartition("/")[2].strip()
            line = lines.get(name, 0)
            if not line:
                continue  # a default of Postfix's own
            texts = [_table(staged, kind, place, types) for kind, place in references(value)]
            texts += [f"{bad} is not a restriction" for bad in unknown_restrictions(name, value, classes)]
            problems += [Problem("postfix", path, line, f"{name}: {text}") for text in texts if text]
            problems += [p for kind, place in references(value) for p in _patterns(staged, kind, place)]
    return problems


def _lines(text: str) -> dict[str, int]:
    """The line of each parameter: the last that sets it, which counts, else the first -o that has it."""
    lines: dict[str, int] = {}
    overrides: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if match := SETS.match(line):
            lines[match[1]] = number
        for name in OVERRIDES.findall(line):
            overrides.setdefault(name, number)
    return overrides | lines


def _value(settings: str, name: str) -> str:
    match = re.search(rf"^{name} = (.*)$", settings, re.MULTILINE)
    return match[1] if match else ""


def _table(staged: StagedTree, kind: str, place: str, known: set[str]) -> str:
    """What is wrong with a reference to a table, "" when nothing is."""
    if kind not in known:
        return "" if kind in NOT_TABLES else f"{kind} is not a table type (postconf -m lists them)"
    if kind in INDEXED:
        name = place + INDEXED[kind]
        managed = staged.target.files.get(place.lstrip("/"))
        fine = (managed and managed.compile == Compile.POSTMAP and kind == "lmdb") or staged.exists(name)
        return "" if fine else f"{kind}:{place} does not exist"
    if kind in TEXT_TABLES and not staged.exists(place):
        return f"{kind}:{place} does not exist"
    return ""


def _patterns(staged: StagedTree, kind: str, place: str) -> list[Problem]:
    """Ask for any key: the table is read whole, and complains of each bad line."""
    entry = staged.target.files.get(place.lstrip("/"))
    if kind not in ("pcre", "regexp", "cidr") or entry is None or not staged.changed(entry):
        return []
    key = "192.0.2.1" if kind == "cidr" else "x"
    words = [
        "postmap",
        "-c",
        str(minimal_config(staged.folder)),
        "-q",
        key,
        f"{kind}:{staged.path(entry.path)}",
    ]
    found = QUERY_TIME.findall(run(words, DEADLINE).output)
    return [staged.problem("postfix", path, int(line), text) for path, line, text in found]


def _daemons(staged: StagedTree, places: list[str], services: list[str]) -> list[Problem]:
    """Folders of main.cf and programs of master.cf that do not exist."""
    folders = dict(zip(DIRECTORIES, map(str.strip, places), strict=False))
    missing = [name for name, place in folders.items() if not _is_folder(staged.root, place)]
    if missing:
        lines = _lines(staged.text(MAIN))
        return [
            Problem("postfix", MAIN, lines.get(n, 0), f"{n}: the folder {folders[n]} does not exist")
            for n in missing
        ]
    daemons = staged.root / folders["daemon_directory"].lstrip("/")
    problems = []
    for row in services:
        words = row.split()
        if len(words) > 7 and not (daemons / words[7]).exists():
            text = staged.text(MASTER)
            line = next((n for n, t in enumerate(text.splitlines(), 1) if t.split()[:1] == words[:1]), 0)
            problems.append(Problem("postfix", MASTER, line, f"{words[7]} is not a daemon of Postfix"))
    return problems


def _is_folder(root: Path, place: str) -> bool:
    return place == "no" or (root / place.lstrip("/")).is_dir()  # shlib_directory = no (postconf(5))
