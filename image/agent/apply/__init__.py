"""Bringing a release to serve: an attempt's steps, what undoes them, and what is held back."""
