"""Two images in one run, measured in turns, so that whatever else the machine does meets both of them.

A benchmark says how to make a server of an image and what to measure of it; this module takes the turns
(A B A B …), divides each figure of one image by the other's of the same round, and prints the table.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Generic, TypeVar

from benchmarks.server import IMAGE
from benchmarks.table import number, print_table, spread

Side = TypeVar("Side")
Figures = Mapping[str, float]
"""What one turn found: each figure by its name, which says the unit."""
Samples = dict[str, list[float]]
"""The figures of one image by name, in the order of the rounds."""


def arguments(description: str | None, rounds: int) -> argparse.ArgumentParser:
    """The options that every benchmark of images has: the other image, and how many rounds.

    From here on a run that is terminated ends as by an exception, so that its containers are removed.
    """
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--against", metavar="IMAGE", help=f"measure this image in turns with {IMAGE}")
    parser.add_argument("--rounds", type=int, default=rounds, help="turns of each image (%(default)s)")
    return parser


def images(options: argparse.Namespace) -> list[str]:
    """The image of the environment, then the one to compare it with."""
    return [IMAGE, *([options.against] if options.against else [])]


class Turns(Generic[Side]):
    """Sides that are measured one after the other, always in the same order, and what was found of each."""

    def __init__(self, sides: Sequence[Side]) -> None:
        self.found: list[Samples] = [{} for _ in sides]
        self._sides = sides

    def take(self, measure: Callable[[Side], Figures], rounds: int) -> None:
        """Measure each side once per round; its figures join the samples of that side."""
        for turn in range(1, rounds + 1):
            for side, samples in zip(self._sides, self.found, strict=True):
                figures = measure(side)
                for name, value in figures.items():
                    samples.setdefault(name, []).append(value)
                _say(turn, side, figures)


@contextmanager
def side_by_side(
    named: Sequence[str], make: Callable[[str], AbstractContextManager[Side]]
) -> Iterator[Turns[Side]]:
    """One server per image, all of them running until the block ends: idle ones cost next to nothing."""
    with ExitStack() as stack:
        yield Turns([stack.enter_context(make(image)) for image in named])


def ratios(ours: Sequence[float], others: Sequence[float]) -> list[float]:
    """Each figure divided by the other image's of the same round; nothing where one of those is zero.

    Raises ValueError where the rounds are not as many.
    """
    pairs = list(zip(ours, others, strict=True))
    return [] if any(other == 0 for _, other in pairs) else [one / other for one, other in pairs]


def rows(found: Sequence[Samples]) -> list[list[str]]:
    """A row per figure: median and range of each image; with two images their ratio, too."""
    made = []
    for name in found[0]:
        cells = [spread(samples[name]) for samples in found]
        if len(found) == 2:
            divided = ratios(found[0][name], found[1][name])
            cells.append(spread(divided) if divided else "-")
        made.append([name, *cells])
    return made


def report(title: str, named: Sequence[str], found: Sequence[Samples]) -> None:
    """Print the table: median and range of all rounds, of each image and of the ratios."""
    print_table([title, *named, *(["ratio"] if len(named) == 2 else [])], rows(found))
    print(flush=True)


def _say(turn: int, side: object, figures: Figures) -> None:
    """What goes on, on standard error: a run takes minutes."""
    told = ", ".join(f"{name}: {number(value)}" for name, value in figures.items())
    if told:
        print(f"round {turn}, {side}: {told}", file=sys.stderr, flush=True)
