"""OpenSSH for git: no shell, no passwords, no forwarding."""
