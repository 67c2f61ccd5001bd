"""How much disk an image takes: `python -m benchmarks.size --against IMAGE`."""

from __future__ import annotations

from benchmarks.compare import Figures, Turns, arguments, images, report
from benchmarks.server import docker


def measure(image: str) -> Figures:
    """The size of all layers, unpacked, as the engine gives it."""
    return {"image, MB": int(docker("image", "inspect", "-f", "{{.Size}}", image)) / 1e6}


def main() -> None:
    """Measure and print."""
    named = images(arguments(__doc__, rounds=1).parse_args())
    turns = Turns(named)
    turns.take(measure, 1)
    report("what", named, turns.found)


if __name__ == "__main__":
    main()
