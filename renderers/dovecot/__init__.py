"""Dovecot: mailboxes, logins, delivery, Sieve. All of its dialect (2.3) is in this folder."""
