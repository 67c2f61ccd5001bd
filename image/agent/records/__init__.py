"""What the agent keeps across restarts, and which of it was found damaged."""
