"""The look for newer versions."""
