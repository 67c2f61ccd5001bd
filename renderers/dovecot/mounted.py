"""Files that are mounted over /etc/dovecot/conf.d, written for Dovecot 2.3, as 2.4 reads them: for the agent.

The agent has only the standard library, so it starts this as a short-lived process. Texts by their paths come
on standard input, what becomes of those for 2.3 goes to standard output, both as JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from renderers.dovecot.dialects.leaving_out import served
from renderers.dovecot.dialects.translation import Dialect, translate

HEADER = "# /{path} is written for Dovecot 2.3. This is the same for 2.4, made anew when the file is read."


def translated(texts: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Each text of 2.3 by its path: as `text` for 2.4, with the line of the file for each of its lines.

    `problems` are what has no equivalent: it is left out, as in decision 242. What is written for 2.4 is not
    in the answer.
    """
    answer = {}
    for path, text in texts.items():
        found = translate(text, path)
        if found.dialect is not Dialect.OLD:
            continue
        rows, lines = [HEADER.format(path=path)], [0]
        for piece in served(text, found):
            rows += piece.new
            last = len(piece.old) - 1
            lines += [piece.number + min(index, last) for index in range(len(piece.new))]
        problems = [{"line": p.line, "message": p.message, "cure": p.cure} for p in found.problems]
        answer[path] = {"text": "\n".join(rows), "lines": lines, "problems": problems}
    return answer


def main() -> int:
    """Read one request and write one answer."""
    json.dump(translated(json.load(sys.stdin)), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
