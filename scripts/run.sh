#!/usr/bin/env bash
# Installs what is missing, builds, and starts the demo. Options go to `stoa serve --demo`. NODES=3 starts several nodes behind HAProxy.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [[ -n ${NODES:-} ]]; then
    exec scripts/run-nodes.sh "$NODES" "$@"
fi

listen=${STOA_LISTEN:-127.0.0.1:8080}
previous=
for argument in "$@"; do
    case $previous,$argument in
    --listen,*) listen=$argument ;;
    *,--listen=*) listen=${argument#--listen=} ;;
    esac
    previous=$argument
done

scripts/install.sh run
cargo build --release --locked --bin stoa
echo
echo "  Stoa's demo: look at http://$listen/ in a browser; Ctrl-C ends it."
echo
exec "${CARGO_TARGET_DIR:-target}/release/stoa" serve --demo "$@"
