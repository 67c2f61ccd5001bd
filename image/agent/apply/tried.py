"""Whether people are served as before: the canary's part of an attempt (`agent.canary`)."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from agent.apply.attempt import Attempt
from agent.apply.node import Node
from agent.apply.suspect import suspect
from agent.canary.steps import Finding, Report
from agent.canary.watch import slowness
from agent.errors import Failed
from agent.log import log
from agent.release.manifest import Release
from wire.manifest import Compile

LONGEST = 400
"""Characters of what was said that a reason holds."""
PAUSES = (0.1, 0.2, 0.4, 0.8)
"""Seconds before each repetition of a run that failed for a moment, as it seems."""
QUICK = 2.5
"""Seconds from which on a failure has had its time, in one run or in several; more on a busy machine."""
FOR_GOOD = re.compile(r"\b5\d\d[ -]5\.\d")
"""A refusal that is not worth a second try (RFC 3463)."""


def run_canary(node: Node, release: Release, before: Report | None = None, anew: bool = False) -> Report:
    """Make a release that serves do its work once, unless it is soon seen to be worse than `before`.

    `anew` looks first where its services listen now.
    """
    probes = {each.name: node.probes(each, anew) for each in release.services.values()}
    return node.watch.run(probes, release.mail_owner or (0, 0), before)


def know_before(attempt: Attempt) -> None:
    """Find out what is served now, where that is not known from the last time."""
    node, watch = attempt.node, attempt.node.watch
    known = watch.last is not None and watch.last.is_taken
    if attempt.base.commit and not known and watch.concerns(_acted(attempt)):
        watch.keep(run_canary(node, attempt.base))


def try_canary(attempt: Attempt) -> None:
    """Make the server do its work once where something between client and mailbox was acted on.

    Raises Failed for the first step that fails and did not before.
    """
    node, watch = attempt.node, attempt.node.watch
    acted = _acted(attempt)
    if not watch.concerns(acted):
        return
    if attempt.starting or not attempt.base.commit:
        watch.last = None  # what still starts says nothing yet
        return
    if attempt.target.awaits_certificate:
        return  # the release with the certificate comes next, and is tried
    before = watch.last
    after = run_until_sure(lambda: run_canary(node, attempt.target, before), before)
    log.debug("canary", seconds=after.seconds, delivered=after.delivered, failed=len(after.failures))
    worse = after.worse_than(before) if before else ()
    if worse and attempt.degraded:
        attempt.kept = tuple(f"{each.step}: {each.words}" for each in worse)
    elif worse:
        attempt.worse = tuple(each.step for each in worse)
        found = next((each for each in worse if each.service in acted), worse[0])
        raise _failure(
            attempt, found, [n for n in attempt.target.services if n in acted and watch.concerns([n])]
        )
    attempt.report = after


def was_so_before(attempt: Attempt) -> bool:
    """Whether what took a release back fails with the one of before as well, which serves again.

    Something else broke since the canary was last run: the release may be tried again, and is compared with
    what is found now. Twice, as nothing that a return to the old files causes for a moment may count.
    """
    node, known = attempt.node, attempt.node.watch.last
    if not attempt.worse or known is None:
        return False

    def fails(report: Report) -> bool:
        return not {each.step for each in report.worse_than(known)}.isdisjoint(attempt.worse)

    if not fails(run_until_sure(lambda: run_canary(node, attempt.base, known), known)):
        return False
    report = run_canary(node, attempt.base)
    if not fails(report):
        return False
    node.watch.keep(report)
    log.warning(
        "what the canary fails at failed before the release", steps=", ".join(f.step for f in report.failures)
    )
    return True


def run_until_sure(
    run: Callable[[], Report], before: Report | None, sleep: Callable[[float], None] = time.sleep
) -> Report:
    """The report of a run, or of the last repetition where that was worse than `before`: once may be chance.

    Where somebody, or the kernel for want of memory, killed Dovecot's auth process, each process that had
    asked it fails once more (Dovecot 2.3.19: `lmtp` answers 451).
    """
    report = run()
    spent, quick = report.seconds, QUICK * slowness()
    for pause in PAUSES:
        worse = report.worse_than(before) if before else ()
        if not worse or spent >= quick or all(FOR_GOOD.search(each.words) for each in worse):
            break
        sleep(pause)
        report = run()
        spent += pause + report.seconds
    return report


def _acted(attempt: Attempt) -> set[str]:
    """Services that do something else now: told to, started, or with another program of theirs to run."""
    scripts = (each for each in (*attempt.plan.write, *attempt.plan.remove) if each.compile == Compile.SIEVE)
    return attempt.plan.touched | attempt.cold | {name for each in scripts for name in each.services}


def _failure(attempt: Attempt, found: Finding, acted: list[str]) -> Failed:
    """The failure, at the changed line that is most likely its cause."""
    service = found.service if found.service in acted else acted[0]
    said = [found.words, *(attempt.mark.complaint(name) for name in (found.service, service))]
    words = "; ".join(text for text in dict.fromkeys(said) if text)[:LONGEST]
    line = suspect(attempt, service, f"{found.step} {found.words}", found.about, words)
    return Failed(service, f"{found.step} does not work any more: {words}", line.path, line.number)
