#!/bin/sh
# Compose in the form that this machine has: the plugin of today, or the program of Debian 12.
set -eu
if docker compose version >/dev/null 2>&1; then
    exec docker compose "$@"
fi
exec docker-compose "$@"
