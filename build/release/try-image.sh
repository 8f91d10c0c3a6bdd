#!/usr/bin/env bash
# Starts the image in a folder of OCI's layout, for this machine's architecture, and says what does not work. In the image alone: no network
# and no registry.
#
#   build/release/try-image.sh FOLDER
#
# BUILDER_OPTIONS: words for buildah itself.
set -euo pipefail

folder="${1:?usage: build/release/try-image.sh FOLDER}"
version="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && node -p 'require("./package.json").version')"
# shellcheck disable=SC2206
builder=(buildah ${BUILDER_OPTIONS:-})

# buildah makes a name of the folder's, and takes no capital letter there: its own name alone.
cd "$(dirname "$folder")"
container="$("${builder[@]}" from --quiet --pull=never "oci:$(basename "$folder"):$version")"
trap '"${builder[@]}" rm "$container" >/dev/null' EXIT
run() { "${builder[@]}" run --user 10001:10001 "$container" -- "$@"; }

node="$(run node --version)"
[[ "$node" == v24.* ]] || { echo "image: has Node.js $node, and the relay is tested with 24; choose another base" >&2; exit 1; }
# The spool's log is looked at with a command that SQLite has since then.
# shellcheck disable=SC2016 # of JavaScript
run node --no-warnings -e '
  const { sqlite } = process.versions;
  if (sqlite.localeCompare("3.51.0", "en", { numeric: true }) < 0) throw new Error(`image: has SQLite ${sqlite}, and the spool needs 3.51`);'
status=0
refusal="$(run node --max-semi-space-size=2 --no-allocation-site-pretenuring --disable-sigusr1 /app/relay.mjs run --config /nothing.json 2>&1)" || status=$?
[[ "$status" == 2 && "$refusal" == *"/nothing.json"* ]] || {
  echo "image: the relay ended with $status and said: $refusal" >&2
  exit 1
}
asked="$(run mqtt-dataflow --version)" || status=$?
[[ "$asked" == "$version" ]] || { echo "image: mqtt-dataflow --version said \"$asked\", and the image is $version" >&2; exit 1; }
if run sh -c true 2>/dev/null; then echo "image: has a shell; choose a base without" >&2; exit 1; fi
echo "image: the relay and the command start on Node.js $node, without a shell"
