#!/usr/bin/env bash
# Builds the relay's image for each architecture, with buildah, into a folder in OCI's layout, which `skopeo copy --all oci:FOLDER docker://…`
# pushes as it is. The same commit and base give the same digest.
#
#   build/release/image.sh FOLDER
#
# BASE: another base than runtime/Dockerfile's. SOURCE: URL of the repository that is in the image's labels. BUILDER_OPTIONS, BUILD_OPTIONS: words for
# buildah itself and for its build, as in runtime/build-image.sh.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

folder="${1:?usage: build/release/image.sh FOLDER}"
version="$(node -p 'require("./package.json").version')"
seconds="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}"
image="localhost/mqtt-dataflow-relay-release:$version-$$"
# shellcheck disable=SC2206
builder=(buildah ${BUILDER_OPTIONS:-})

arguments=(--file runtime/Dockerfile --manifest "$image" --timestamp "$seconds" --format oci)
for label in title=mqtt-dataflow-relay "version=$version" licenses=Apache-2.0 ${SOURCE:+"source=$SOURCE"}; do
  arguments+=(--label "org.opencontainers.image.$label")
done
[ -z "${BASE:-}" ] || arguments+=(--build-arg "BASE=$BASE")

node build/image-layout.ts
trap '"${builder[@]}" manifest rm "$image" >/dev/null 2>&1 || true' EXIT
# One after the other: side by side they come into the list, and so into its digest, in the order in which they are done.
for platform in linux/amd64 linux/arm64; do
  # shellcheck disable=SC2086
  "${builder[@]}" build --platform "$platform" "${arguments[@]}" ${BUILD_OPTIONS:-} .
done
rm -rf "$folder"
"${builder[@]}" manifest push --all --format oci "$image" "oci:$folder:$version"
