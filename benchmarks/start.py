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
TOGETHER = "mailctld and mail-agent"
"""What the design makes a promise of."""
COLUMNS = (*OWN, TOGETHER, "all")


def costs(process: Path) -> tuple[int, int, str]:
    """Clock ticks and PSS in KiB of a process so far, and its command line. Needs root.

    Ticks are hundredths of a second (proc(5), stat): the finer count by thread forgets threads that ended.
    """
    command = (process / "cmdline").read_text().replace("\0", " ")
    spent = sum(map(int, (process / "stat").read_text().rsplit(")", 1)[1].split()[11:13]))
    pss = [line.split()[1] for line in (process / "smaps_rollup").open() if line.startswith("Pss:")]
    return spent, int(pss[0]) if pss else 0, command


def sample(target: Server) -> dict[str, tuple[int, int]]:
    """Clock ticks and PSS in KiB of each of our processes, of those together, and of all."""
    totals = dict.fromkeys(COLUMNS, (0, 0))
    for pid in docker("top", target.name, "-eo", "pid").splitlines()[1:]:
        try:
            spent, pss, command = costs(Path("/proc", pid.strip()))
        except OSError:
            continue
        names = [name for name, part in OWN.items() if part in command]
        names += [TOGETHER] if {"mailctld", "mail-agent"}.intersection(names) else []
        for name in ["all", *names]:
            before = totals[name]
            totals[name] = (before[0] + spent, before[1] + pss)
    return totals


def idle(target: Server, seconds: float) -> list[str]:
    """One cell per column: memory, and the share of one core over so many seconds without work."""
    time.sleep(5)  # work that goes on behind an answer is not idleness
    before = sample(target)
    time.sleep(seconds)
    after = sample(target)
    shares = {
        n: (after[n][0] - before[n][0]) / seconds if seconds else 0.0 for n in COLUMNS
    }  # ticks are 1/100
    return [f"{after[name][1] / 1024:.0f} MiB, {shares[name]:.3f} %" for name in COLUMNS]


def measure(size: int, seconds: float, rspamd: bool) -> list[object]:
    """A row of the table for one number of accounts."""
    with server(size, {"ENABLE_RSPAMD": "1" if rspamd else "0"}) as target:
        poll(target.healthy, 120)
        healthy = time.monotonic() - target.begun
        restarts = [target.restart() for _ in range(3)]
        cells = idle(target, seconds)
    return [size, f"{target.start_seconds:.2f}", f"{healthy:.2f}", f"{median(restarts):.2f}", *cells]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 10, 1000, 5000])
    parser.add_argument("--idle", type=float, default=120, help="seconds over which idle CPU is measured")
    parser.add_argument("--rspamd", action="store_true")
    options = parser.parse_args()
    starts = ["accounts", "first start to ready, s", "to healthy, s", "restart to ready, s"]
    header = [*starts, *(f"{n} idle (PSS, CPU)" for n in COLUMNS)]
    print_table(header, (measure(size, options.idle, options.rspamd) for size in options.sizes))


if __name__ == "__main__":
    main()
