"""Run as `python3 -I …/mail-agent/agent`: isolated mode leaves the package's folder off sys.path."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from agent.program import main

if __name__ == "__main__":
    sys.exit(main())
