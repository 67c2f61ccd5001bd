"""Run the canary: the steps that the services of a release offer, side by side, each within a deadline."""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from agent.canary.steps import PREPARATION, Canary, Finding, Ground, Report, Step, failed
from agent.concurrently import run_concurrently
from agent.errors import AgentError
from agent.log import log


def run_trial(ground: Ground, canaries: Mapping[str, Canary], before: Report | None = None) -> Report:
    """What all steps found, in the order of the services. Raises nothing.

    Where one fails that did not `before`, the last steps are left out.
    """
    start = time.monotonic()
    ground.people = functools.partial(_people, ground, tuple(canaries.values()))
    ground.served = next(iter(ground.people()), "")
    ground.explain = functools.partial(_explain, tuple(canaries.values()))
    try:
        for each in canaries.values():
            if each.prepare:
                each.prepare(ground)
        steps = [(name, step) for name, each in canaries.items() for step in each.steps(ground)]
    except (AgentError, OSError) as error:
        log.warning("the server cannot try itself", reason=error)
        found = replace(failed(str(error) or type(error).__name__), step=PREPARATION)
        return Report((found,), time.time(), time.monotonic() - start)
    first = _run(ground, [row for row in steps if not row[1].last])
    ground.until = time.monotonic() + ground.seconds
    taken = len(ground.sent)
    known = bool(before and Report(tuple(first), 0.0, 0.0).worse_than(before))
    last = [] if known else _run(ground, [row for row in steps if row[1].last])
    for each in canaries.values():
        if each.clean:
            each.clean(ground)
    delivered = taken - len(ground.sent)
    return Report((*first, *last), time.time(), time.monotonic() - start, delivered)


def _run(ground: Ground, steps: Sequence[tuple[str, Step]]) -> list[Finding]:
    return run_concurrently([functools.partial(_take, ground, name, step) for name, step in steps])


def _take(ground: Ground, service: str, step: Step) -> Finding:
    start = time.monotonic()
    try:
        finding = step.run(ground)
    except TimeoutError:
        finding = failed(f"no answer within {time.monotonic() - start:.1f} s")
    except (AgentError, OSError, ValueError) as error:
        finding = failed(str(error) or type(error).__name__)
    spent = (time.monotonic() - start) * 1000
    found = replace(finding, step=step.name, service=finding.service or service, about=step.about)
    return replace(found, milliseconds=spent)


def _people(ground: Ground, canaries: Sequence[Canary]) -> Iterator[str]:
    return itertools.chain.from_iterable(each.people(ground.root) for each in canaries)


def _explain(canaries: Sequence[Canary], ground: Ground) -> Finding | None:
    return next((found for each in canaries if each.explain and (found := each.explain(ground))), None)
