#!/bin/bash
# The crash campaign in its short form: 500 jobs over each kind of store. `make torture` is the long one.
set -uo pipefail
cd "$(dirname "$0")/../.."
build=$(dirname "${TITR:-build/titr}")
ninja -C "$build" torture >/dev/null 2>&1
TORTURE=$build/torture tests/torture/run 500 24
