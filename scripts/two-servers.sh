#!/usr/bin/env bash
# Runs black-box tests (tests/stoa) with two servers behind each app and a Redis between them; clients go to one after the other.
#   two-servers.sh              all of them
#   two-servers.sh --brief      those of conversations, as `make test` does
#   two-servers.sh MODULE...    those whose names have one of these in them: `talking::`
# Tests that look at one server by their nature stand alone here too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null

brief=(talking:: participants:: badges:: visibility:: audiences:: lists:: repeats:: searching presence)

scripts/install.sh nodes
if [[ ${1:-} == --brief ]]; then
    set -- "${brief[@]}"
fi
STOA_TEST_SERVERS=2 cargo test --locked --no-fail-fast --test stoa -- "$@"
