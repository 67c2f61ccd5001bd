"""What others ask of the agent: its socket and operations, status, readiness."""
