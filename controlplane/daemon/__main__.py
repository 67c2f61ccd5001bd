"""`python -m controlplane.daemon`: the outermost layer reads the environment and hands it in."""

import sys

from controlplane.cli.daemon import main

if __name__ == "__main__":
    sys.exit(main())
