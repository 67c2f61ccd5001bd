"""Redis: the memory of Rspamd."""
