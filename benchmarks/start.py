"""Container start to the ready line, and what the container costs when nothing happens.

python -m benchmarks.start --sizes 1 10 1000 5000 --idle 60 [--rspamd]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from statistics import median

from benchmarks.server import Server, docker, poll, server
from benchmarks.table import print_table

OWN = {"mailctld": "controlplane.daemon", "mail-agent": "mail-agent", "supervisord": "supervisord"}
"""Our processes, and a part of their command line by which /proc shows them."""


def costs(process: Path) -> tuple[int, int, str]:
    """Clock ticks and PSS in KiB of a process so far, and its command line. Needs root."""
    command = (process / "cmdline").read_text().replace("\0", " ")
    spent = (process / "stat").read_text().rsplit(")", 1)[1].split()
    pss = [line.split()[1] for line in (process / "smaps_rollup").open() if line.startswith("Pss:")]
    return int(spent[11]) + int(spent[12]), int(pss[0]) if pss else 0, command


def sample(target: Server) -> dict[str, tuple[int, int]]:
    """Clock ticks and PSS in KiB of each of our processes, and of all together."""
    totals = dict.fromkeys([*OWN, "all"], (0, 0))
    for pid in docker("top", target.name, "-eo", "pid").splitlines()[1:]:
        try:
            ticks, pss, command = costs(Path("/proc", pid.strip()))
        except OSError:
            continue
        for name in ["all", *(n for n, part in OWN.items() if part in command)]:
            before = totals[name]
            totals[name] = (before[0] + int(ticks), before[1] + int(pss))
    return totals


def measure(size: int, idle: float, rspamd: bool) -> list[object]:
    """A row of the table for one number of accounts."""
    with server(size, {"ENABLE_RSPAMD": "1" if rspamd else "0"}) as target:
        poll(target.healthy, 120)
        healthy = time.monotonic() - target.begun
        restarts = [target.restart() for _ in range(3)]
        time.sleep(5)  # start-up work that goes on behind the ready line is not idleness
        before = sample(target)
        time.sleep(idle)
        after = sample(target)
    cells = []
    for name in [*OWN, "all"]:
        share = (after[name][0] - before[name][0]) / 100 / idle * 100 if idle else 0.0
        cells.append(f"{after[name][1] / 1024:.0f} MiB, {share:.2f} %")
    return [size, f"{target.start_seconds:.2f}", f"{healthy:.2f}", f"{median(restarts):.2f}", *cells]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 10, 1000, 5000])
    parser.add_argument("--idle", type=float, default=60, help="seconds over which idle CPU is measured")
    parser.add_argument("--rspamd", action="store_true")
    options = parser.parse_args()
    starts = ["accounts", "first start to ready, s", "to healthy, s", "restart to ready, s"]
    header = [*starts, *(f"{n} idle (PSS, CPU)" for n in [*OWN, "all"])]
    print_table(header, (measure(size, options.idle, options.rspamd) for size in options.sizes))


if __name__ == "__main__":
    main()
