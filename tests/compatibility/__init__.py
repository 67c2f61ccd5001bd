"""docs/reference/compatibility.md: what is there of everything documented, and which test shows it.

`python -m tests.compatibility` writes it from the registry of settings, the tables of files and commands,
and the `shows` marks of all tests, which are read without running them.
"""
