#!/usr/bin/env bash
# Runs black-box tests (tests/stoa) with two servers behind each app and a Redis between them; clients go to one after the other.
#   two-servers.sh [MODULE...]   modules as `talking::` or any part of a test's name; without one, everything
# Tests that look at one server by their nature stand alone here too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null

scripts/install.sh nodes
STOA_TEST_SERVERS=2 cargo test --locked --no-fail-fast --test stoa -- "$@"
