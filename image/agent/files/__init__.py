"""Files on the node: staged beside their targets, renamed in, compiled, compared."""
