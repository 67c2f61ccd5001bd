"""Asks a running server: the daemon, or the agent, over its socket."""
