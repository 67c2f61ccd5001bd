"""Dovecot's two dialects: the table of settings, row by row, and the page that is written from it."""
