#!/usr/bin/env bash
# Runs everything. Nothing is skipped: what cannot be run has failed. If all is well, the test runner's lines are the last.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null

failed=()
step() {
    local name=$1
    shift
    echo "== $name: $*"
    "$@" || failed+=("$name")
}

step "what the tests need" scripts/install.sh test
step "format and clippy" scripts/check.sh
step "conversations, with two servers and a Redis between them" scripts/two-servers.sh --brief
if ((${#failed[@]})); then
    echo "== failed so far: ${failed[*]}; the tests are run all the same"
fi
echo "== all tests, browser included: cargo test --workspace --locked --no-fail-fast"
cargo test --workspace --locked --no-fail-fast || tests=$?

if ((${#failed[@]})); then
    printf '== failed: %s\n' "${failed[@]}" >&2
    exit 1
fi
exit "${tests:-0}"
