"""The server's whole work done once, with an account and a mailbox of its own (docs/canary.md)."""
