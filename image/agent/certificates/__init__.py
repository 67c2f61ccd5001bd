"""Certificates from the sources that a release names to the node's store."""
