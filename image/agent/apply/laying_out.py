"""Has services lay out what stands for files that nobody manages, and that they cannot read as they are."""

from __future__ import annotations

from agent.apply.attempt import Attempt
from agent.apply.node import Node
from agent.apply.user_patches.step import CHECK_DEADLINE
from agent.errors import Invalid, Problem
from agent.files.compilers import last_line
from agent.log import log
from agent.release.manifest import Release
from wire.manifest import Action


def lay_out(attempt: Attempt) -> None:
    """Do so for the release that is about to serve."""
    laid_out_anew(attempt.node, attempt.target)


def laid_out_anew(node: Node, release: Release) -> set[str]:
    """Services for which something was different. What does not count is told once, and in `status`."""
    managed = release.files.keys() - node.pinned
    changed: set[str] = set()
    left_out: list[Problem] = []
    for service in node.services:
        if service.lay_out is None or not release.has(service.name):
            continue
        try:
            found = service.lay_out(node.paths.root, managed)
        except OSError as error:
            log.error("mounted files are not laid out", service=service.name, reason=error)
            continue
        left_out += found.left_out
        changed |= {service.name} if found.changed else set()
    for problem in left_out:
        if problem not in node.left_out:
            log.warning("left out", path=problem.path, line=problem.line, reason=problem.message)
    node.left_out = left_out
    return changed


def read_anew(node: Node) -> set[str]:
    """For each service whose mounted files changed, a file with whose writing it reads them.

    Raises Invalid for what a service would refuse: it goes on with what it read before.
    """
    anew = laid_out_anew(node, node.release)
    problems = []
    for service in (node.services.of(name) for name in sorted(anew)):
        ran = node.runner(service.check_live, CHECK_DEADLINE) if service.check_live else None
        if ran and ran.code:
            problems.append(Problem(service.name, "", 0, f"not read anew: {last_line(ran.output)}"))
    if problems:
        raise Invalid(problems)
    files = {
        name: path
        for path, entry in node.release.files.items()
        for name in anew.intersection(entry.services)
        if entry.action == Action.RELOAD and path not in node.pinned
    }
    return set(files.values())
