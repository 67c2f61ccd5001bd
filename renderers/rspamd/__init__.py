"""Rspamd: the spam filter, as a milter."""
