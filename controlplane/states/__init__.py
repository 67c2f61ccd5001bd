"""Cached states along the log, so that it need not be replayed from its start; never the truth."""
