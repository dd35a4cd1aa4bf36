#!/usr/bin/env bash
# Format, and clippy with warnings denied. Both are tried; fails if one does.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null

need_component() {
    cargo "$1" --version >/dev/null 2>&1 && return
    echo "check: cargo $1 is not there: rustup component add $2" >&2
    return 1
}

status=0
{ need_component fmt rustfmt && cargo fmt --all --check; } || status=1
{ need_component clippy clippy && cargo clippy --workspace --all-targets --locked -- -D warnings; } || status=1
exit "$status"
