#!/usr/bin/env bash
# Signs the checksums of a release's files, and makes the release of the tag with them. The notes end with the image and its digest.
#
#   build/release/publish-release.sh FILES
#
# IMAGE, DIGEST: what was pushed. GH_TOKEN: who publishes. GITHUB_REPOSITORY, GITHUB_REF_NAME: where, and the tag.
set -euo pipefail

cd "${1:?usage: build/release/publish-release.sh FILES}"
sha256sum --check --strict SHA256SUMS
cosign sign-blob --yes --bundle SHA256SUMS.sigstore.json SHA256SUMS
notes="$(mktemp)"
{
  cat notes.md
  # shellcheck disable=SC2016 # of Markdown
  printf '\nImage, for amd64 and arm64: `%s@%s`\n' "${IMAGE,,}" "$DIGEST"
} >"$notes"
rm notes.md
gh release create "$GITHUB_REF_NAME" --repo "$GITHUB_REPOSITORY" --verify-tag --title "$GITHUB_REF_NAME" --notes-file "$notes" ./*
