"""Dovecot's two dialects: configuration for 2.3 is read, and rendered for 2.4."""
