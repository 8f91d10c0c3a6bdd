#!/usr/bin/env bash
# Builds the relay's image with whatever builder there is, or with BUILDER. IMAGE is its name, BASE the image to build on.
set -euo pipefail
cd "$(dirname "$0")/.."

image=${IMAGE:-mqtt-dataflow-relay:dev}
arguments=(-f runtime/Dockerfile -t "$image")
[ -z "${BASE:-}" ] || arguments+=(--build-arg "BASE=$BASE")

node build/image-layout.ts
for builder in ${BUILDER:-docker podman buildah}; do
  command -v "$builder" >/dev/null || continue
  # A Docker client without its engine is no builder.
  [ "$builder" != docker ] || docker info >/dev/null 2>&1 || continue
  echo "building $image with $builder"
  # BUILDER_OPTIONS are words for the builder itself, such as --storage-driver vfs.
  # shellcheck disable=SC2086
  exec "$builder" ${BUILDER_OPTIONS:-} build "${arguments[@]}" ${BUILD_OPTIONS:-} .
done
echo "image: no builder found (docker with its engine, podman or buildah); install one of them" >&2
exit 1
