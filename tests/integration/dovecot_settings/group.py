"""Settings that stand in one `dovecot.cf`, each beside the check that shows its effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from textwrap import dedent

from tests.integration.dovecot_settings.box import LMTP, Box

Check = Callable[[Box], None]

LISTENER = f"""\
service lmtp {{
  inet_listener reached {{
    port = {LMTP}
  }}
}}
"""
"""For every group: the tests hand mail in here, without Postfix."""


@dataclass
class Group:
    """One `dovecot.cf` and what is to be seen where it serves."""

    name: str
    prepare: Callable[[Box], None] = lambda _: None
    """Makes what the text names before it is pushed."""
    texts: list[str] = field(default_factory=list)
    checks: dict[str, Check] = field(default_factory=dict)

    @property
    def user(self) -> str:
        """The account of this group's tests."""
        return f"{self.name}@example.com"

    @property
    def text(self) -> str:
        """Its `dovecot.cf`."""
        return "".join([LISTENER, *self.texts])

    def shows(self, text: str = "") -> Callable[[Check], Check]:
        """Declare lines of `dovecot.cf` and the check of their effect, which is named after the setting."""

        def declare(check: Check) -> Check:
            self.texts.append(dedent(text).lstrip("\n"))
            self.checks[check.__name__] = check
            return check

        return declare
