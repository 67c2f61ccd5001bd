"""Checks before a change is accepted: some refuse it, others warn about it."""
