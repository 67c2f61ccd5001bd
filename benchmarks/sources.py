"""Benchmarks without containers, of these sources and of another checkout, in turns.

python -m benchmarks.sources --against CHECKOUT --rounds 3 --runs "render" "log --replay 100000" "readmodel"

Each checkout runs its own benchmark of that name, because what one measures moves with the sources. Figures
are what it prints with a decimal point; those whose words are the same on both sides are compared.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.compare import Figures, Turns, report

ROOT = Path(__file__).parents[1]
FIGURE = re.compile(r"\d+\.\d+")
LONGEST = 1800.0


@dataclass(frozen=True)
class Checkout:
    """A folder with sources, and how a table names it."""

    folder: Path
    name: str

    def __str__(self) -> str:
        return self.name


def figures(printed: str) -> dict[str, float]:
    """The figures of what a benchmark printed: by the words before its line's first one and its place."""
    found: dict[str, float] = {}
    for line in printed.splitlines():
        label = " ".join(FIGURE.split(line)[0].strip(" |").split())
        found |= {f"{label} [{n}]": float(value) for n, value in enumerate(FIGURE.findall(line), 1)}
    return found


def measure(of: Checkout, *, run: str) -> Figures:
    """Run a benchmark with its arguments in a checkout."""
    name, *rest = run.split()
    command = [sys.executable, "-m", f"benchmarks.{name}", *rest]
    done = subprocess.run(
        command, cwd=of.folder, stdout=subprocess.PIPE, text=True, check=False, timeout=LONGEST
    )
    return figures(done.stdout)  # its status may say that a promise is not kept, which is no error here


def main() -> None:
    """Measure and print, a table per benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--against", type=Path, required=True, metavar="CHECKOUT")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--runs", nargs="+", default=["render", "log --replay 100000", "readmodel"])
    options = parser.parse_args()
    sides = [Checkout(ROOT, "this"), Checkout(options.against.resolve(), options.against.name)]
    for run in options.runs:
        turns = Turns(sides)
        turns.take(partial(measure, run=run), options.rounds)
        ours, others = turns.found
        both = [name for name in ours if name in others]
        report(run, [str(side) for side in sides], [{name: of[name] for name in both} for of in turns.found])


if __name__ == "__main__":
    main()
