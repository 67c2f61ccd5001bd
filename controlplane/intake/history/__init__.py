"""The past: revisions and times as people name them, and what was wanted and what served then."""
