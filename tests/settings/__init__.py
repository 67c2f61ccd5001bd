"""The settings: what is documented, typed, refused and derived."""
