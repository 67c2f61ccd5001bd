"""Settings of `dovecot.cf` that people use, in groups that one file can hold, each with its effect."""
