"""What a change and a question cost by the number of accounts, each with an alias: two images in turns.

python -m benchmarks.scale --against IMAGE --sizes 10 100000 --rounds 5

The accounts and aliases are imported from the config volume when the server starts: that is the first change
set of its log, with two events for each account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from benchmarks.changes import Site, command, command_to_login, push_of_alias, site
from benchmarks.compare import Figures, Turns, arguments, images, report, side_by_side
from benchmarks.server import aliases_file

START_WITHIN = 1200.0
LOG = "`mailctl log`"
THINGS: Mapping[str, Callable[[Site], float]] = {
    LOG: lambda of: command(of, "mailctl", "log"),
    "`setup email add` to login": command_to_login,
    "push of an alias to accepted": lambda of: push_of_alias(of)[1],
    "`setup alias list`": lambda of: command(of, "setup", "alias", "list"),
    "`setup email list`": lambda of: command(of, "setup", "email", "list"),
}


@dataclass(frozen=True)
class Sizes:
    """The servers of one image by their number of accounts."""

    image: str
    sites: Mapping[int, Site]

    def __str__(self) -> str:
        return self.image


@contextmanager
def ready(image: str, sizes: Sequence[int]) -> Iterator[Sizes]:
    """A server of each size."""
    with ExitStack() as stack:
        sites = {}
        for size in sizes:
            config = {"postfix-virtual.cf": aliases_file(size)}
            sites[size] = stack.enter_context(site(image, size, config, START_WITHIN))
        yield Sizes(image, sites)


def measure(of: Sizes, *, thing: str) -> Figures:
    """Do one thing on each server of an image; what it costs on the largest, over the smallest, too."""
    taken = {size: THINGS[thing](place) for size, place in of.sites.items()}
    figures = {f"{thing}, {size:,}, s": seconds for size, seconds in taken.items()}
    small, large = min(taken), max(taken)
    if small != large:
        figures[f"{thing}, {large:,} over {small:,}"] = taken[large] / taken[small]
    return figures


def first_log(image: str, *, size: int) -> Figures:
    """Start a server and ask its log: the first answer makes what the next ones are read from."""
    with site(image, size, {"postfix-virtual.cf": aliases_file(size)}, START_WITHIN) as of:
        name = f"first {LOG}, its first change set with {2 * size:,} events, s"
        return {
            f"first start to ready, {size:,}, s": of.server.start_seconds,
            name: command(of, "mailctl", "log"),
        }


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=5)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 100_000])
    parser.add_argument("--things", nargs="+", default=list(THINGS), choices=list(THINGS), metavar="THING")
    parser.add_argument("--fresh", type=int, default=3, help="rounds of a first start with the largest size")
    options = parser.parse_args()
    named = images(options)
    with side_by_side(named, partial(ready, sizes=options.sizes)) as turns:
        for thing in options.things:
            turns.take(partial(measure, thing=thing), options.rounds)
    fresh = Turns(named)
    fresh.take(partial(first_log, size=max(options.sizes)), options.fresh)
    found = [samples | more for samples, more in zip(turns.found, fresh.found, strict=True)]
    report("accounts and aliases each", named, found)


if __name__ == "__main__":
    main()
