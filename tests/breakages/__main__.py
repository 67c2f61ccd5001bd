"""`python -m tests.breakages` writes docs/reference/breakages.md."""

from __future__ import annotations

from tests.breakages.page import PAGE, page

if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
