"""Previews of branches other than `main`: shows their plan and keeps their rendering."""

from __future__ import annotations

from datetime import UTC, datetime

import controlplane
from controlplane.daemon.core import Daemon
from controlplane.errors import MailserverError
from controlplane.git import StateRepo
from controlplane.intake.checks.mass_delete import mass_deletions
from controlplane.intake.proposal import Proposal
from controlplane.intake.trees import node_files
from controlplane.plain_text import sanitize_line
from controlplane.release import PREVIEWS, Basis
from controlplane.words.numbers import counted
from controlplane.words.plans import plan_lines
from controlplane.words.problems import refusal_lines
from wire.lines import Say

WOULD_BE_REFUSED = "✗ would be refused on main"
MOST_LACKING, TOLD_LACKING = 100, 5
"""Commits of main that a stale branch lacks: how many are counted at most, and how many are named."""


def show(daemon: Daemon, repo: StateRepo, branch: str, commit: str, say: Say) -> None:
    """Show what the branch would change. Its problems are shown, too, and refuse nothing."""
    proposal = _propose(daemon, repo, commit)
    say(f"► preview of {branch} against main")
    if proposal.problems:
        for line in refusal_lines(proposal.problems, WOULD_BE_REFUSED):
            say(line)
        return
    checked = daemon.check(proposal)
    for line in _stale(daemon, repo, commit):
        say(line)
    for massive in mass_deletions(daemon.intake.state.desired, proposal.state.desired):
        say(f"⚠ {massive.path}: {massive.message}; {massive.cure}")
    for line in plan_lines(proposal.plan):
        say(line)
    for line in refusal_lines(checked.problems, WOULD_BE_REFUSED) if checked.problems else ():
        say(line)


def _stale(daemon: Daemon, repo: StateRepo, commit: str) -> list[str]:
    """Warn of commits that the branch lacks: its plan against `main` reads as if it reverted them."""
    main = daemon.intake.main
    if not main or repo.is_ancestor(main, commit):
        return []
    base = repo.merge_base(main, commit)
    lacking = [main, *repo.between(base, main, MOST_LACKING)]
    if base:
        lacking = [each for each in lacking if each != base]
    infos = [repo.commit_info(each) for each in lacking[:TOLD_LACKING]]
    more = len(lacking) - len(infos)
    count = f"{MOST_LACKING} or more commits" if more >= MOST_LACKING else counted(len(lacking), "commit")
    return [
        f"⚠ stale: main has {count} that this branch lacks, and the plan below takes them back;",
        "  `git pull --rebase origin main` shows what the branch changes by itself:",
        *(
            f'    {i.id[:12]} "{sanitize_line(i.message.partition(chr(10))[0])}" by {i.author.name}'
            for i in infos
        ),
        *([f"    … and {more} more"] if more > 0 else []),
    ]


def follow(daemon: Daemon, branch: str, commit: str, say: Say) -> None:
    """Point `preview/<branch>` at the rendering of the branch; an empty `commit` removes it."""
    try:
        _follow(daemon, branch, commit, say)
    except MailserverError as error:
        say(f"⚠ no preview: {error}")


def _follow(daemon: Daemon, branch: str, commit: str, say: Say) -> None:
    intake = daemon.intake
    releases = intake.stores.releases
    with intake.writing(f"preview of {branch}"):
        if not commit:
            releases.drop_preview(branch)
            return
        proposal = _propose(daemon, intake.stores.repo, commit)
        if proposal.trees is None:
            releases.drop_preview(branch)
            return
        tip = intake.stores.log.tip()
        basis = Basis(tip.position, tip.commit, commit, controlplane.__version__)
        releases.preview(branch, node_files(proposal.trees), basis, datetime.now(UTC))
    name = PREVIEWS + branch
    say(f"  rendered as {name}: git fetch && git diff origin/rendered origin/{name}")


def _propose(daemon: Daemon, repo: StateRepo, commit: str) -> Proposal:
    with daemon.intake.writing("planning a preview"):
        daemon.intake.catch_up()
        return daemon.intake.propose(commit, repo, guard=False)
