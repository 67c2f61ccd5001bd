"""user-patches.sh: the script, its step in an attempt, and what it did to files that nobody manages."""
