"""Opens sealed texts for the agent, which has only the standard library, in a short-lived process.

Identity and sealed texts come on standard input, what they hold goes to standard output, both as JSON:
nothing secret is ever an argument or in the environment. It needs no file and no right, so the agent
starts it as nobody.
"""

from __future__ import annotations

import base64
import json
import sys

from controlplane.errors import Refused
from controlplane.sealing import unseal


def opened(sealed: str, identity: str) -> dict[str, str]:
    """One text (base64) as {"opened": base64}, or {"error": why it cannot be}."""
    try:
        return {"opened": base64.b64encode(unseal(base64.b64decode(sealed), identity)).decode("ascii")}
    except Refused as refused:
        return {"error": refused.problems[0].message}
    except Exception as error:  # noqa: BLE001  # one bad text must not keep the others closed
        return {"error": f"a sealed value is damaged: {type(error).__name__}"}


def main() -> int:
    """Read one request and write one answer, with rows in the order of the request."""
    request = json.load(sys.stdin)
    identity = str(request["identity"])
    json.dump([opened(str(sealed), identity) for sealed in request["sealed"]], sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
