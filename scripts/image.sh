#!/bin/sh
# Builds the image under the name in IMAGE.
set -eu
cd "$(dirname "$0")/.."
IMAGE=${IMAGE:-git-mailserver:dev}
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml)
revision=$(git rev-parse --short=12 HEAD 2>/dev/null || true)

# BuildKit where it is installed, else the classic builder; the Dockerfile suits both.
if docker buildx version >/dev/null 2>&1; then DOCKER_BUILDKIT=1; else DOCKER_BUILDKIT=0; fi
export DOCKER_BUILDKIT

log=$(mktemp)
trap 'rm -f "${log}"' EXIT
# Proxies and a package index of the machine's own are passed on by name, where they are set.
if ! docker build -f image/Dockerfile -t "${IMAGE}" \
    --build-arg VERSION="${version}" --build-arg REVISION="${revision}" \
    --build-arg PIP_INDEX_URL --build-arg http_proxy --build-arg https_proxy --build-arg no_proxy \
    . >"${log}" 2>&1; then
    tail -40 "${log}" >&2
    printf '✗ the image %s could not be built\n' "${IMAGE}" >&2
    exit 1
fi
