#!/usr/bin/env bash
# Installs cosign from its Go module, which Go checks against its public log of checksums. In a workflow of GitHub it is on the PATH of
# the steps that follow.
set -euo pipefail

version=v3.1.2
folder="${RUNNER_TEMP:-/tmp}/cosign"
mkdir -p "$folder"
GOBIN="$folder" GOFLAGS=-mod=mod GOTOOLCHAIN=auto go install "github.com/sigstore/cosign/v3/cmd/cosign@$version"
[ -z "${GITHUB_PATH:-}" ] || echo "$folder" >>"$GITHUB_PATH"
