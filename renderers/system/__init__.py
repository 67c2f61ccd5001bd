"""What every container has: the system's log, cron, rotation of logs, the time zone."""
