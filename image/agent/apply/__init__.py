"""Applying a release: the steps of an attempt, the way back, and what is held back."""
