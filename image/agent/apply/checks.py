"""The daemons' own checkers on a staged tree, and what they miss."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from agent.apply.user_patches.script import SCRIPT
from agent.check_dovecot import check_dovecot
from agent.check_postfix import check_postfix
from agent.commands import run
from agent.errors import Problem
from agent.files.compilers import ZONES, last_line
from agent.files.staged_tree import StagedTree, changed_services
from agent.release.git_objects import ObjectReader
from agent.release.manifest import Content, Entry, Release

RSPAMD_DEADLINE = 20.0
SSHD_DEADLINE = 5.0
SYNTAX_DEADLINE = 5.0


def check_rspamd(staged: StagedTree) -> list[Problem]:
    """`rspamadm configtest` on the staged tree: otherwise it reads the live local.d."""
    folder = staged.path("etc/rspamd")
    if not (folder / "rspamd.conf").exists():
        return []
    words = ["rspamadm", f"--var=CONFDIR={folder}", f"--var=LOCAL_CONFDIR={folder}", "configtest", "-c"]
    ran = run([*words, str(folder / "rspamd.conf")], RSPAMD_DEADLINE)
    if ran.code == 0:
        return []
    match = re.search(r"error while parsing (\S+): line: (\d+), column: \d+ - (.*)", ran.output)
    if match:
        return [staged.problem("rspamd", match[1], int(match[2]), match[3])]
    lines = [line for line in ran.output.splitlines() if line.strip() and "syntax BAD" not in line]
    return [staged.problem("rspamd", "etc/rspamd/rspamd.conf", 0, last_line("\n".join(lines)))]


def check_sshd(staged: StagedTree) -> list[Problem]:
    """`sshd -t` (sshd(8)), with a host key to throw away: the real ones are made when sshd first starts."""
    problems = []
    key = str(staged.folder / "host_key")
    for entry in staged.target.files.values():
        if "sshd" in entry.services and entry.path.endswith("sshd_config"):
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], SSHD_DEADLINE)
            config = str(staged.path(entry.path))
            ran = run(["/usr/sbin/sshd", "-t", "-f", config, "-h", key], SSHD_DEADLINE)
            if ran.code:
                match = re.search(r" line (\d+)", ran.output)
                line = int(match[1]) if match else 0
                problems.append(staged.problem("sshd", entry.path, line, last_line(ran.output)))
    return problems


def check_patches(staged: StagedTree) -> list[Problem]:
    """`bash -n` (bash(1)): the syntax of user-patches.sh."""
    script = staged.path(SCRIPT)
    if not script.is_file():
        return []
    ran = run(["bash", "-n", str(script)], SYNTAX_DEADLINE)
    if not ran.code:
        return []
    first = next((line for line in ran.output.splitlines() if line.strip()), "not understood by bash")
    match = re.search(r": line (\d+): (.*)", first)
    line, message = (int(match[1]), match[2]) if match else (0, first)
    return [staged.problem("patches", SCRIPT, line, message)]


def check_system(staged: StagedTree) -> list[Problem]:
    """The time zone is one of the system's (tzfile(5))."""
    zone = staged.text("etc/timezone").strip()
    if not zone or (ZONES / zone).is_file():
        return []
    return [staged.problem("system", "etc/timezone", 1, f"{zone} is no time zone")]


CHECKERS: dict[str, Callable[[StagedTree], list[Problem]]] = {
    "postfix": check_postfix,
    "dovecot": check_dovecot,
    "rspamd": check_rspamd,
    "sshd": check_sshd,
    "patches": check_patches,
    "system": check_system,
}
"""Service to checker. A service that is not here has no checker of its own: its probes decide."""


class Checker:
    """Checks services whose files changed; what has passed once is not checked again."""

    def __init__(self, root: Path, scratch: Path, content: Callable[[ObjectReader, Entry], bytes]) -> None:
        self.root, self.scratch, self._content = root, scratch, content
        self._passed: set[str] = set()
        self.checked: list[str] = []

    def __call__(self, objects: ObjectReader, _tree: str, base: Release, target: Release) -> list[Problem]:
        """Problems of the services that differ between two releases."""
        content: Content = lambda entry: self._content(objects, entry)  # noqa: E731
        names = sorted(changed_services(base, target) & CHECKERS.keys())
        todo = [
            name for name in names if target.has(name) and self._key(name, base, target) not in self._passed
        ]
        problems: list[Problem] = []
        if todo:
            with StagedTree(self.root, self.scratch, content, base, target) as staged:
                for name in todo:
                    problems += self._check(staged, name)
        self.checked = names
        return sorted(set(problems))

    def _check(self, staged: StagedTree, name: str) -> list[Problem]:
        staged.build(name)
        found = CHECKERS[name](staged)
        if not found:
            self._passed.add(self._key(name, staged.base, staged.target))
        return found

    def _key(self, name: str, base: Release, target: Release) -> str:
        """What a verdict holds for: the service's configuration and every changed file of it."""
        changed = [e for p, e in target.files.items() if name in e.services and base.files.get(p) != e]
        return target.digest(name) + "".join(sorted(f"{e.path}{e.identity}" for e in changed))
