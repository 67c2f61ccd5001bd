#!/bin/sh
# Sets up .venv with exactly what requirements/dev.txt locks; nothing to do when it is already so.
set -eu
cd "$(dirname "$0")/.."
mark=.venv/requirements.sha256
wanted=$(sha256sum requirements/dev.txt)
if [ -x .venv/bin/python ] && [ "$(cat "${mark}" 2>/dev/null)" = "${wanted}" ]; then
    exit 0
fi

suits() { "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    for candidate in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do
        if command -v "${candidate}" >/dev/null && suits "${candidate}"; then
            printf '%s' "${candidate}"
            return
        fi
    done
}

python=$(find_python)
if [ -z "${python}" ] && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo '► installing python3-venv' >&2
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        python3 python3-venv ca-certificates; } >/dev/null </dev/null
    python=$(find_python)
fi
if [ -z "${python}" ]; then
    echo '✗ Python 3.11 or newer with its venv module is needed; set PYTHON to one.' >&2
    exit 1
fi

echo '► setting up .venv' >&2
"${python}" -m venv --clear .venv
# The machine's own authorities count too: pip alone would only know those it brings.
[ -z "${PIP_CERT:-}" ] && [ -f /etc/ssl/certs/ca-certificates.crt ] && export PIP_CERT=/etc/ssl/certs/ca-certificates.crt
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
printf '%s\n' "${wanted}" > "${mark}"
