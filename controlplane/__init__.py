"""The control plane: settings, state, events, the log, and the one way in."""

__version__ = "0.1.0"
