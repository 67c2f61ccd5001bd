"""What the programs have in common: the standard library alone, since the agent runs it as root."""
