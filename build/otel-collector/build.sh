#!/usr/bin/env bash
# Builds the OpenTelemetry collector that `npm run test:collector` sends to, from Go's module proxy at the versions of go.sum:
# build/otel-collector/build.sh FILE. A minute and a half of CPU the first time; Go 1.25 or later.
set -euo pipefail
output="$(realpath -m "$1")"
cd "$(dirname "${BASH_SOURCE[0]}")"
exec go build -trimpath -ldflags='-s -w' -o "$output" .
