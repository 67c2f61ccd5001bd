"""Dovecot: mailboxes, logins, delivery, Sieve. All of its dialect (2.4) is in this folder."""
