"""`python -m controlplane.daemon`: the outermost layer reads the environment and hands it in."""

import gc
import sys

if __name__ == "__main__":
    # Imports make much that is kept and little garbage: looking for it took a seventh of their time.
    gc.disable()
    from controlplane.cli.daemon import main

    gc.enable()
    sys.exit(main())
