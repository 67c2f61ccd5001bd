"""Postfix: receives, takes submissions, hands to Dovecot."""
