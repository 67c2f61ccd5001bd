"""The command line: `setup` and `mailctl`, and the only code that reads the process's environment.

A command is a module with a `command`, and a line in the table of its program. Both programs are thin
clients of the daemon, so nothing here imports more than it needs to ask.
"""
