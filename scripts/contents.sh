#!/bin/sh
# Lists by size what the image IMAGE holds, as the table in docs/installation.md has it.
set -eu
cd "$(dirname "$0")/.."
exec docker run --rm -i --network none --entrypoint python3 "${IMAGE:-git-mailserver:dev}" -I - <scripts/contents.py
