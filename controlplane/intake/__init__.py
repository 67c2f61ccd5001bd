"""The only way in: turns outside input into change sets."""
