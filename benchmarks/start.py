"""From the start of a container to the ready line, and what it costs when nothing happens.

python -m benchmarks.start --against IMAGE --sizes 1 1000 5000 --rounds 3 --idle 60 [--rspamd]

Here one container runs at a time, so that no memory counts less because the other image has it, too.
"""

from __future__ import annotations

import time
from functools import partial

from benchmarks.compare import Figures, Turns, arguments, images, report
from benchmarks.costs import processes
from benchmarks.server import Server, poll, server

TOGETHER = "mailctld and mail-agent"
"""What the design makes a promise of."""
OWN = {
    "mailctld": ("controlplane.daemon",),
    "mail-agent": ("mail-agent",),
    TOGETHER: ("controlplane.daemon", "mail-agent"),
    "supervisord": ("supervisord",),
    "all processes": ("",),
}
"""Our processes, and parts of their command lines by which /proc shows them."""
BEFORE_IDLE = 5.0
"""Work that goes on behind an answer is not idleness."""


def sample(target: Server) -> dict[str, tuple[int, float]]:
    """Clock ticks so far and MiB (PSS) of each of our processes, of those together, and of all."""
    totals = dict.fromkeys(OWN, (0, 0.0))
    for ticks, pss, command in processes(target):
        for name, parts in OWN.items():
            if any(part in command for part in parts):
                before = totals[name]
                totals[name] = (before[0] + ticks, before[1] + pss / 1024)
    return totals


def idle(target: Server, seconds: float) -> Figures:
    """Memory, and the share of one core over so many seconds without work."""
    time.sleep(BEFORE_IDLE)
    before = sample(target)
    time.sleep(seconds)
    after = sample(target)
    figures = {f"{name}: idle memory, MiB": after[name][1] for name in OWN}
    ticks = {name: after[name][0] - before[name][0] for name in OWN}  # hundredths of a second
    return figures | {f"{name}: idle CPU, % of a core": ticks[name] / seconds for name in OWN}


def measure(image: str, *, size: int, rspamd: bool, seconds: float) -> Figures:
    """Start a container with so many accounts, start it again, and leave it idle if seconds are given."""
    with server(size, {"ENABLE_RSPAMD": "1" if rspamd else "0"}, image=image) as target:
        poll(target.healthy, 120)
        figures = {"first start to ready, s": target.start_seconds}
        figures["first start to healthy, s"] = time.monotonic() - target.begun
        figures["restart to ready, s"] = target.restart()
        if seconds:
            figures |= idle(target, seconds)
    return {f"{size:,}: {name}": value for name, value in figures.items()}


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=3)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 1000, 5000])
    parser.add_argument("--idle", type=float, default=60, help="seconds that the last server of a size idles")
    parser.add_argument("--rspamd", action="store_true")
    options = parser.parse_args()
    named = images(options)
    turns = Turns(named)
    for size in options.sizes:
        one = partial(measure, size=size, rspamd=options.rspamd)
        turns.take(partial(one, seconds=0), options.rounds - 1)
        turns.take(partial(one, seconds=options.idle), 1)
    report("accounts: what", named, turns.found)


if __name__ == "__main__":
    main()
