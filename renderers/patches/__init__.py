"""user-patches.sh: the script of an administrator that has the last word."""
