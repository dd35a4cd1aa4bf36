#!/usr/bin/env bash
# Drives the parsers with libFuzzer for so many seconds (60), from the packets of honest clients on. What it finds stays in target/fuzz/found.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=${1:-60}
target=${CARGO_TARGET_DIR:-target}/fuzz
host=$(rustc -vV | sed -n 's/^host: //p')
mkdir -p "$target/corpus" "$target/found"
split -l 1 -d -a 3 tests/parsers/honest.txt "$target/corpus/honest-"
# What cargo-fuzz passes without a sanitizer; build scripts are not instrumented because the host is named as the target.
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
-Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Ccodegen-units=1"
cargo build --release --manifest-path fuzz/Cargo.toml --target "$host" --target-dir "$target"
exec "$target/$host/release/parsers" "$target/corpus" -seed=1 -max_len=4096 -timeout=5 -rss_limit_mb=512 \
    -max_total_time="$seconds" -artifact_prefix="$target/found/" -print_final_stats=1
