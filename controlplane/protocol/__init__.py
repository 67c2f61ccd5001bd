"""The daemon's answers: one type each. The docstrings of their fields are the reference of the protocol.

An answer is a plain dictionary from where it is made to the socket, so its type costs nothing while the
daemon runs: mypy holds the code to it, the tests hold each answer to it, and the page is made of it. Commands
name the types for mypy alone. These modules do without deferred annotations, since each of those would be a
compiled object in the daemon's memory.
"""
