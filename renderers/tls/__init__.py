"""Certificates and TLS levels: what the daemons that speak TLS have in common."""
