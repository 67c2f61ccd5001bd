"""postconf(1) and postmap(1) on a staged tree, and the references they do not follow.

Not `postfix check` (postfix(1)): of the parameters it says what every program of Postfix says that reads
main.cf, and what else it looks at is the installation and every file of the queue, which no release changes
and which takes a quarter of a second and more.
"""

from __future__ import annotations

import re

from agent.commands import run
from agent.errors import Problem
from agent.files.compilers import last_line, minimal_config
from agent.files.staged_tree import StagedTree
from agent.health.logs import failed
from services.postfix.answers import ask, pairs
from services.postfix.daemons import MAIN, wrong_daemons
from services.postfix.lines import line_of_parameter, main_lines
from services.postfix.settings import wrong_settings
from services.postfix.tables import Table, tables
from wire.config_folder import below_config
from wire.manifest import TABLES, Action, Entry

DEADLINE = 10.0
AT_LINE = re.compile(r"(?:file )?(/\S+?)[,:] line (\d+): (.*)")
UNDEFINED = re.compile(r"warning: /\S+?: undefined parameter: (\S+)")
QUOTED_PATH = re.compile(r'"(/[^"]+)"')
MACRO = re.compile(r'(\w+ macro (?:name|reference)): "(.+)"$')
"""What follows a `$` that names no parameter: patterns in main.cf have it twice (postconf(5))."""
MACRO_END = "macro processing error"
UNUSED = re.compile(r"warning: (/\S+?): unused parameter: ([^=\s]+)=?")
OURS = frozenset(["mua_sender_restrictions", "mua_recipient_restrictions"])
"""Lists that options of our master.cf name: unused where postfix-master.cf has others in their place."""
DEPRECATED = re.compile(r'warning: /\S+?: support for parameter "\w+" will be removed; instead, ')
"""Said of names that a later version lacks, which a push has told (renderers/postfix/old_names.py)."""
MEANT = {"network interfaces": ("inet_protocols", "inet_interfaces")}
"""Parameters that a complaint does not name."""
QUERY_TIME = re.compile(r"(?:pcre map |regexp map |cidr map |warning: )(/\S+?), line (\d+): (.*)")


def check_postfix(staged: StagedTree) -> list[Problem]:
    """Everything that can be known of Postfix's files before it runs with them."""
    problems = [p for e in staged.target.files.values() if e.compile in TABLES for p in _map(staged, e)]
    touched = [e for e in staged.target.files.values() if "postfix" in e.services and staged.changed(e)]
    gone = [e for path, e in staged.base.files.items() if path not in staged.target.files]
    # A table is checked by compiling it; the rest need not be asked again when only tables changed.
    configured = any(entry.action != Action.NONE and not entry.compile for entry in touched)
    configured |= any(bool(below_config(entry.path)) for entry in (*touched, *gone))
    if not configured or not staged.path(MAIN).exists():
        return problems
    folder = str(staged.path("etc/postfix"))
    said = ask(folder)
    found = [p for ran in (said.settings, said.options) for p in complaints(staged, ran.output, ran.code)]
    if found:
        return problems + found
    problems += wrong_settings(staged, said)
    problems += wrong_daemons(staged, said)
    values = (value for ran in (said.settings, said.options) for _, value in pairs(ran.output))
    named = dict.fromkeys(table for value in values for table in tables(value))
    problems += [problem for table in named for problem in _patterns(staged, table)]
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
    number = found.line or _line_of_word(staged.text(MAIN), found.reason)
    return [staged.problem("postfix", found.path or MAIN, number, found.reason)]


def _line_of_word(text: str, said: str) -> int:
    """The last line of main.cf that sets a parameter of which something is said; 0 where none does."""
    told = {
        *re.findall(r"\w+", said),
        *(name for words, names in MEANT.items() if words in said for name in names),
    }
    return max((line.number for name, line in main_lines(text).items() if name in told), default=0)


def complaints(staged: StagedTree, output: str, code: int) -> list[Problem]:
    """Warnings and errors of a Postfix tool, each at its line. Unknown names only warn, so a warning counts.

    That of a name which works still does not.
    """
    found = []
    for line in output.splitlines():
        if not re.match(r"\S*(postconf|postfix|postfix-script|postmap)\S*: (warning|fatal|error)", line):
            continue
        if DEPRECATED.search(line):
            continue
        if match := UNUSED.search(line):
            name = match[2]
            if name in OURS:
                continue
            path = match[1].removeprefix(str(staged.folder)).lstrip("/")
            text = staged.text(path)
            found.append(Problem("postfix", path, line_of_parameter(text, name), f"unknown parameter {name}"))
        elif match := AT_LINE.search(line):
            found.append(staged.problem("postfix", match[1], int(match[2]), match[3]))
        elif match := UNDEFINED.search(line):
            found.append(_at_word(staged, f"{match[1]} is not defined", match[1]))
        elif match := MACRO.search(line):
            wrong = _at_word(staged, f"{match[1]}: write $$ for a $ that is meant as it is", match[2])
            found += [wrong] if wrong not in found else []
        elif not (found and MACRO_END in line):
            text = line.partition(": ")[2]
            named = QUOTED_PATH.search(text)
            found.append(_at_word(staged, text.removeprefix("warning: "), named[1] if named else ""))
    if code and not found:
        found.append(staged.problem("postfix", MAIN, 0, last_line(output)))
    return found


def _at_word(staged: StagedTree, message: str, word: str) -> Problem:
    """A problem at the setting of main.cf whose value has a word, at no line where none has."""
    lines = main_lines(staged.text(MAIN)).values()
    number = next(
        (line.number for line in lines if word and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", line.raw)), 0
    )
    return staged.problem("postfix", MAIN, number, message)


def _map(staged: StagedTree, entry: Entry) -> list[Problem]:
    path, kind = entry.path, TABLES[entry.compile][0]
    if not staged.changed(entry):
        return []
    source = staged.write(entry)
    ran = run(["postmap", "-c", str(minimal_config(staged.folder)), f"{kind}:{source}"], 60.0)
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


def _patterns(staged: StagedTree, table: Table) -> list[Problem]:
    """Ask for any key: a table of patterns is read whole, and complains of each bad line."""
    entry = staged.entry(table.place)
    asked = table.kind in ("pcre", "regexp", "cidr", "texthash")
    if not asked or entry is None or not staged.changed(entry):
        return []
    key = "192.0.2.1" if table.kind == "cidr" else "x"
    folder, place = str(minimal_config(staged.folder)), staged.path(entry.path)
    ran = run(["postmap", "-c", folder, "-q", key, f"{table.kind}:{place}"], DEADLINE)
    found = QUERY_TIME.findall(ran.output)
    return [staged.problem("postfix", path, int(line), text) for path, line, text in found]
