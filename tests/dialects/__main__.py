"""`python -m tests.dialects` writes docs/reference/dovecot-2.3.md."""

from __future__ import annotations

from tests.dialects.page import PAGE, page

if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
