#!/usr/bin/env bash
# Pushes the image of a folder in OCI's layout as it is, signs it by its digest, and attaches its bill of materials. Never by a tag: that may
# name another image by then.
#
#   build/release/publish-image.sh FOLDER FILES
#
# FILES: the release's files. IMAGE: name without a tag. REGISTRY_USER, REGISTRY_TOKEN: who pushes. Writes image and digest to $GITHUB_OUTPUT.
set -euo pipefail

folder="${1:?usage: build/release/publish-image.sh FOLDER FILES}" files="${2:?usage: build/release/publish-image.sh FOLDER FILES}"
version="${GITHUB_REF_NAME#v}"
# shellcheck disable=SC2153 # IMAGE is given
image="${IMAGE,,}" # a registry takes no capital letters
digestfile="$(mktemp)"

skopeo login --username "$REGISTRY_USER" --password-stdin "${image%%/*}" <<<"$REGISTRY_TOKEN"
cosign login --username "$REGISTRY_USER" --password-stdin "${image%%/*}" <<<"$REGISTRY_TOKEN"
skopeo copy --all --digestfile "$digestfile" "oci:$folder:$version" "docker://$image:$version"
digest="$(cat "$digestfile")"
cosign sign --yes --recursive "$image@$digest"
cosign attest --yes --type cyclonedx --predicate "$files/mqtt-dataflow-relay-$version.cdx.json" "$image@$digest"
printf 'image=%s\ndigest=%s\n' "$image" "$digest" >>"$GITHUB_OUTPUT"
