#!/bin/sh
# Runs `setup` of the mail server from its host: in the running container, else in one that is made for it.
set -eu

readonly LABEL='org.opencontainers.image.title=git-mailserver'
readonly VOLUME='/tmp/docker-mailserver'

usage() {
    cat <<'EOF'
Usage: ./setup.sh [-c NAME] [-i IMAGE] [-p CONFIGPATH] [-z | -Z] COMMAND [ARGUMENT...]

Runs `setup COMMAND` in the mail server's container. Where none runs, a container is made for the one command,
and the files of CONFIGPATH are what it edits.

  -c NAME        the container, where several run
  -i IMAGE       the image to look for, and to run where no container does
  -p CONFIGPATH  the config folder of the host (default: docker-data/dms/config beside this script)
  -z, -Z         let SELinux share the folder with all containers (z) or with this one alone (Z)
  -h             this help; `./setup.sh help` lists the commands

Docker is asked first, then Podman.
EOF
}

fail() {
    printf '✗ %s\n' "$1" >&2
    exit "${2:-1}"
}

# The engines that are here, in the order in which they are asked.
engines() {
    for each in docker podman; do
        if command -v "${each}" >/dev/null 2>&1; then
            printf '%s\n' "${each}"
        fi
    done
}

# Names of running containers: of our image, or of the one that was asked for.
running() {
    if [ -n "${image}" ]; then
        "$1" ps --filter "ancestor=${image}" --format '{{.Names}}'
    else
        "$1" ps --filter "label=${LABEL}" --format '{{.Names}}'
    fi
}

# Sets `engine` and `container`; leaves `container` empty where none runs.
find_container() {
    for engine in ${present}; do
        if [ -n "${container}" ]; then
            state=$("${engine}" inspect --format '{{.State.Running}}' "${container}" 2>/dev/null) || continue
            [ "${state}" = true ] || fail "the container ${container} does not run: start it, or leave out -c"
            return
        fi
        found=$(running "${engine}") || continue
        case "${found}" in
            '') ;;
            *"
"*) fail "several mail servers run ($(printf '%s' "${found}" | tr '\n' ' ')): name one with -c" ;;
            *)
                container=${found}
                return
                ;;
        esac
    done
    [ -z "${container}" ] || fail "there is no container ${container}: see \`docker ps\`"
}

# Sets `engine` and `image`: the newest image of ours that an engine has, unless one was named.
find_image() {
    for engine in ${present}; do
        [ -n "${image}" ] || image=$("${engine}" images --filter "label=${LABEL}" --format '{{.ID}}' | head -n 1)
        [ -z "${image}" ] || return 0
    done
    fail 'no mail server runs, and there is no image of one: build it (make image), or name one with -i'
}

container='' image='' folder='' relabel=''
while getopts ':c:i:p:zZh' option; do
    case "${option}" in
        c) container=${OPTARG} ;;
        i) image=${OPTARG} ;;
        p) folder=${OPTARG} ;;
        z | Z) relabel=:${option} ;;
        h)
            usage
            exit 0
            ;;
        :) fail "-${OPTARG} needs a value; see ./setup.sh -h" 2 ;;
        *) fail "-${OPTARG} is not an option; see ./setup.sh -h" 2 ;;
    esac
done
shift $((OPTIND - 1))

present=$(engines)
[ -n "${present}" ] || fail 'neither docker nor podman is installed here'
actor=GIT_MAILSERVER_ACTOR=${SUDO_USER:-$(id -un)}
# A terminal is passed on where there is one; what is piped in always is.
input=-i
if [ -t 0 ] && [ -t 1 ]; then
    input=-it
fi

find_container
if [ -n "${container}" ]; then
    exec "${engine}" exec "${input}" -e "${actor}" "${container}" setup "$@"
fi

find_image
if [ -z "${folder}" ]; then
    folder=$(dirname "$0")/docker-data/dms/config
fi
mkdir -p "${folder}"
folder=$(cd "${folder}" && pwd)
exec "${engine}" run --rm "${input}" -e "${actor}" -v "${folder}:${VOLUME}${relabel}" "${image}" setup "$@"
