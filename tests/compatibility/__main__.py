"""`python -m tests.compatibility` writes the page; `--check` only tells whether it is fresh."""

from __future__ import annotations

import sys

from tests.compatibility.marks import collect
from tests.compatibility.page import PAGE, page


def main(arguments: list[str]) -> int:
    """The exit status: 1 where --check finds the page stale."""
    text = page(collect())
    if "--check" in arguments:
        return 0 if PAGE.read_text("utf-8") == text else 1
    PAGE.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
