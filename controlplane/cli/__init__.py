"""The command line: `setup` and `mailctl`, and the only code that reads the process's environment.

A command is a module with a `command`, and a line in the table of its group (`setup/email/add.py` is
`setup email add`). Commands print through `text/`, ask a running server through `ask/`, and read a person's
own files through `clone/`. Both programs are thin clients of the daemon: whatever takes long to import is
imported inside the function that needs it.
"""
