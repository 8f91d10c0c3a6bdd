#!/usr/bin/env bash
# Checks that the base that runtime/Dockerfile pins was signed by who publishes it. @see the README of distroless, "How do I verify"
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

base="${BASE:-$(sed -n 's/^ARG BASE=//p' runtime/Dockerfile)}"
echo "base: $base"
cosign verify "$base" --output text \
  --certificate-identity keyless@distroless.iam.gserviceaccount.com \
  --certificate-oidc-issuer https://accounts.google.com
