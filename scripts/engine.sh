#!/bin/sh
# Makes sure of a container engine, Compose and the base image. Where Docker already answers it is only
# used; on a bare Debian machine, as root, what is missing is installed. Can be run again at any time.
#
#   scripts/engine.sh            engine and base image
#   scripts/engine.sh --compose  Compose too
#
# Set BASE_MIRROR to take Debian from another mirror.
set -eu

readonly BASE=debian:12-slim
cd "$(dirname "$0")/.."

say() { printf '► %s\n' "$*" >&2; }
fail() {
    printf '✗ %s\n' "$1" >&2
    shift
    for line in "$@"; do printf '  %s\n' "${line}" >&2; done
    exit 1
}

# install WHY PACKAGE…: quiet unless it fails.
install() {
    why=$1
    shift
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        fail "${why}." "As root on Debian this is done for you; elsewhere install: $*"
    fi
    say "installing $*"
    log=$(mktemp)
    if ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@"; } >"${log}" 2>&1 </dev/null; then
        tail -20 "${log}" >&2
        fail "apt-get could not install $*."
    fi
    rm -f "${log}"
}

answers() { timeout 20 docker info >/dev/null 2>&1; }

# Never a second daemon beside one that runs: it would take the first one's network away.
running() { grep -qx dockerd /proc/[0-9]*/comm 2>/dev/null; }

engine() {
    answers && return
    if ! command -v docker >/dev/null || ! command -v dockerd >/dev/null; then
        install 'No container engine answers' docker.io iptables ca-certificates
    fi
    if ! answers && ! running; then
        [ "$(id -u)" -eq 0 ] || fail 'The container engine does not run.' 'Start it, or run this as root.'
        say 'starting dockerd'
        rm -f /var/run/docker.pid
        setsid dockerd >/tmp/dockerd.log 2>&1 </dev/null &
    fi
    waited=0
    until answers; do
        waited=$((waited + 1))
        [ "${waited}" -lt 60 ] || fail 'The container engine does not answer.' \
            'Its log may stand in /tmp/dockerd.log. Without root, your account must be in the group docker.'
        sleep 1
    done
}

base_image() {
    docker image inspect "${BASE}" >/dev/null 2>&1 && return
    say "pulling ${BASE}"
    timeout 60 docker pull -q "${BASE}" >/dev/null 2>&1 && return
    command -v mmdebstrap >/dev/null || install "${BASE} cannot be pulled" mmdebstrap ca-certificates
    say "${BASE} cannot be pulled: building it from Debian's archive"
    rootfs=$(mktemp --suffix=.tar)
    # shellcheck disable=SC2064  # the name of today is meant
    trap "rm -f '${rootfs}'" EXIT
    # Without documentation and translations, as the image that is pulled elsewhere. The rules themselves come with
    # the Dockerfile: an old base would hold old ones.
    # shellcheck disable=SC2016  # $1 is the hook's
    mmdebstrap --quiet --variant=minbase --mode=root --include=ca-certificates --dpkgopt=image/lean/dpkg.conf \
        --customize-hook='rm "$1/etc/dpkg/dpkg.cfg.d/99mmdebstrap"' \
        bookworm "${rootfs}" ${BASE_MIRROR:+"${BASE_MIRROR}"} >&2 || fail "${BASE} could not be built."
    docker import -c 'CMD ["bash"]' "${rootfs}" "${BASE}" >/dev/null
}

# Authorities that this machine trusts beyond Debian's own, for example of an inspecting proxy: pip in
# the build needs them. The folder is not tracked, and empty elsewhere.
authorities() {
    for certificate in /usr/local/share/ca-certificates/*.crt; do
        [ -f "${certificate}" ] || continue
        cmp -s "${certificate}" "image/extra-ca/${certificate##*/}" || cp "${certificate}" image/extra-ca/
    done
}

compose() {
    docker compose version >/dev/null 2>&1 && return
    command -v docker-compose >/dev/null && return
    install 'Compose is missing' docker-compose
}

engine
base_image
authorities
[ "${1:-}" != --compose ] || compose
