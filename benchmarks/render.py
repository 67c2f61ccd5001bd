"""How long rendering takes, and what it needs, by the number of accounts.

    python benchmarks/render.py 1000 10000 100000

Each account comes with an alias. Seconds are the best of three; memory is what the rendering allocated at
its highest, beside the state itself.
"""

from __future__ import annotations

import argparse
import sys
import time
import tracemalloc
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from controlplane.model import Account, Alias, Desired, NodeStatus, Observed, State
from renderers.release import render

HASH = "{SHA512-CRYPT}$6$2YpW1nYtPBs2yLYS$" + "z" * 86
SETTINGS = {"ENABLE_RSPAMD": "1", "SPOOF_PROTECTION": "1"}


def state_of(size: int) -> State:
    """A state with that many accounts and aliases in a hundred domains."""
    accounts = [f"user{n}@domain{n % 100}.example.test" for n in range(size)]
    return State(
        Desired(
            accounts={address: Account(address, HASH) for address in accounts},
            aliases={f"alias.{address}": Alias(f"alias.{address}", (address,)) for address in accounts},
            settings=SETTINGS,
        ),
        Observed(nodes={"mail": NodeStatus("mail", hostname="mail.example.test")}),
    )


def seconds(state: State) -> float:
    """Render everything once."""
    start = time.perf_counter()
    render(state, state.node)
    return time.perf_counter() - start


def megabytes(state: State) -> float:
    """The highest allocation during a rendering."""
    tracemalloc.start()
    render(state, state.node)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 2**20


def main() -> int:
    """Print one line per size; exit 1 when one is slower than promised."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("sizes", nargs="*", type=int, default=[1_000, 10_000, 100_000])
    parser.add_argument("--limit", type=float, default=2.0, help="seconds that a rendering may take")
    arguments = parser.parse_args()
    slow = False
    print(f"{'accounts':>9} {'seconds':>8} {'MiB':>7}")
    for size in arguments.sizes:
        state = state_of(size)
        taken = min(seconds(state) for _ in range(3))
        slow = slow or taken > arguments.limit
        print(f"{size:>9} {taken:>8.3f} {megabytes(state):>7.1f}")
    return int(slow)


if __name__ == "__main__":
    raise SystemExit(main())
