"""All benchmarks of images as Markdown to paste: `python -m benchmarks.all --against IMAGE`.

Some half an hour for two images. A benchmark that fails is named, and the others go on.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

RUNS = (
    ("size",),
    ("scale", "--sizes", "10", "100000", "--rounds", "5"),
    ("logins", "--clients", "4", "--seconds", "5", "--rounds", "5"),
    ("delivery", "--mailboxes", "1", "100", "--rounds", "5"),
    ("delivery", "--mailboxes", "100", "--rounds", "3", "--rspamd"),
    ("start", "--sizes", "1", "5000", "--rounds", "3", "--idle", "60"),
    ("live", "--sizes", "10", "5000", "10000", "--rounds", "7"),
    ("commands", "--accounts", "5000", "--rounds", "5"),
    ("renewal", "--accounts", "100", "--rounds", "5"),
)
"""Each benchmark with its arguments."""


def run(words: tuple[str, ...], against: list[str]) -> bool:
    """Run one benchmark in a process of its own below its command; whether it came to its end."""
    name, *rest = words
    print(f"`{' '.join(['python -m', f'benchmarks.{name}', *against, *rest])}`\n", flush=True)
    begun = time.monotonic()
    status = subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *against, *rest]).returncode
    print(f"{name}: {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
    if status:
        print(f"{name} failed with status {status}.\n", flush=True)
    return status == 0


def main() -> int:
    """Run all; 1 where one failed."""
    names = list(dict.fromkeys(words[0] for words in RUNS))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", metavar="IMAGE", help="measure this image in turns with the other")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=names, default=names)
    options = parser.parse_args()
    against = ["--against", options.against] if options.against else []
    done = [run(words, against) for words in RUNS if words[0] in options.only]
    return int(not all(done))


if __name__ == "__main__":
    raise SystemExit(main())
