"""What the agent remembers over restarts, and what it found damaged of it."""
