#!/usr/bin/env bash
# Runs the tests behind the real HAProxy and nginx, one after the other, where each has three nodes and its own database, and those of the real clamd.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null

scripts/install.sh real
exec cargo test --locked --test stoa -- --ignored --test-threads 1 --nocapture "real::${1:-}"
