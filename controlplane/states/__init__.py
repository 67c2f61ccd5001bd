"""States along the log, kept in files so that nobody has to replay it from its start: never the truth."""
