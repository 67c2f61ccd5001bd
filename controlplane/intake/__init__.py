"""The one way in: outside input becomes a change set here."""
