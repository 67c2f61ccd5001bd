"""How `main` and the log change: commands, the config volume, rollback, revert, reports of the node."""
