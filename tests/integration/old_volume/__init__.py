"""Volumes that an image on Debian 12 (Dovecot 2.3, Postfix 3.7) wrote, and what has to be found in them.

volumes.tar.xz   /var/mail, /var/mail-state and the config volume, each by its name in volumes.py
expected.json    what clients, `mailctl show` and the files on disk said of them (observed.py)
mounts/          files that were mounted into the container, and have to be again
"""
