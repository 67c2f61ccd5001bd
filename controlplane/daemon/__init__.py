"""The resident control plane: takes changes in over a socket and delivers releases to the agent."""
