#!/usr/bin/env bash
# Starts a demo of several nodes on this machine: Redis, the nodes, HAProxy in front of them. Ctrl-C ends all of it.
#   run-nodes.sh NODES [options of `stoa serve`]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

count=$1
shift
if [[ ! $count =~ ^[1-9]$ ]]; then
    echo "run: NODES is a number from 1 to 9, such as NODES=3" >&2
    exit 2
fi
tags=(a b c d e f g h i)
tags=("${tags[@]:0:count}")

# --listen is the balancer's address; all other options go to each node.
listen=${STOA_LISTEN:-127.0.0.1:8080}
options=()
while (($#)); do
    case $1 in
    --listen) listen=$2 && shift ;;
    --listen=*) listen=${1#--listen=} ;;
    *) options+=("$1") ;;
    esac
    shift
done
unset STOA_LISTEN DATABASE_URL

scripts/install.sh nodes
cargo build --release --locked --bin stoa
stoa=${CARGO_TARGET_DIR:-target}/release/stoa
data=$("$stoa" serve --demo --print-config "${options[@]}" | sed -n 's/^data folder in use: //p')
database="postgresql://stoa@/stoa?host=${data//\//%2F}%2Fsocket&port=5432"
folder=$(mktemp -d)
PATH=$PATH:/usr/sbin

port=18080
is_taken() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
next_port() {
    ((port += 1))
    while is_taken "$port"; do ((port += 1)); done
}

# In process groups of their own, so that Ctrl-C reaches this script alone, which ends them in order.
set -m
declare -A pids ports
start() {
    local name=$1
    shift
    "$@" >>"$folder/$name.log" 2>&1 </dev/null &
    pids[$name]=$!
}

runs() { kill -0 "${pids[$1]:-0}" 2>/dev/null; }

end() {
    local name
    trap - EXIT
    trap '' INT TERM
    echo
    echo "  The nodes end; the first one last, since the database is its own."
    stop "${tags[@]:1}"
    stop a
    stop haproxy redis
    rm -rf "$folder"
}
stop() {
    local name
    for name in "$@"; do
        [[ -z ${pids[$name]:-} ]] || kill -TERM "${pids[$name]}" 2>/dev/null || true
    done
    for name in "$@"; do
        [[ -z ${pids[$name]:-} ]] || wait "${pids[$name]}" 2>/dev/null || true
    done
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
    echo "run: $1 has ended; its log ends with:" >&2
    tail -n 20 "$folder/$1.log" >&2
    exit 1
}

# The first node has a database of its own, which the others share.
start_node() {
    local tag=$1
    local -a place=()
    [[ $tag == a ]] || place=(DATABASE_URL="$database" STOA_DEMO_INTO_DATABASE=true)
    # Variables, so that the options win.
    start "$tag" env "${place[@]}" STOA_LISTEN="127.0.0.1:${ports[$tag]}" STOA_NODE_TAG="$tag" STOA_TRUSTED_PROXIES=127.0.0.0/8 \
        STOA_DRAIN_NOTICE_SECONDS=2 STOA_DRAIN_SECONDS=1 "$stoa" serve --demo "${options[@]}"
}

is_ready() {
    local answer
    exec 3<>"/dev/tcp/127.0.0.1/$1" || return
    printf 'GET /readyz/node HTTP/1.0\r\n\r\n' >&3
    read -r answer <&3 && [[ $answer == *" 200 "* ]]
}
await() {
    local turn
    for turn in {1..600}; do
        ! (is_ready "${ports[$1]}") 2>/dev/null || return 0
        runs "$1" || fail "$1"
        sleep 0.1
    done
    fail "$1"
}

# deploy/haproxy.cfg with as many nodes as there are.
balancer_config() {
    local tag
    grep -v '^  \(use-server\|server\) ' deploy/haproxy.cfg
    for tag in "${tags[@]}"; do echo "  use-server $tag if { url_param(sid) -m beg $tag. }"; done
    for tag in "${tags[@]}"; do echo "  server $tag 127.0.0.1:${ports[$tag]}"; done
}

next_port
start redis redis-server --bind 127.0.0.1 --port "$port" --save '' --appendonly no --dir "$folder"
# All nodes serve the files of all.
export STOA_FILES=${STOA_FILES:-local:$data/files}
export STOA_REDIS=redis://127.0.0.1:$port
for tag in "${tags[@]}"; do
    next_port
    ports[$tag]=$port
    start_node "$tag"
    await "$tag"
done
balancer_config >"$folder/haproxy.cfg"
STOA_BALANCER=$listen start haproxy haproxy -db -f "$folder/haproxy.cfg"
sleep 1
runs redis || fail redis
runs haproxy || fail haproxy

echo
echo "  Stoa's demo on $count nodes: look at http://$listen/ in a browser. The bar at the top says which node serves the page."
for tag in "${tags[@]}"; do
    ends="kill -9 ${pids[$tag]} or kill -TERM ${pids[$tag]}"
    # The first node owns the database, which it stops when it is asked to stop.
    [[ $tag == "${tags[0]}" ]] && ends="kill -9 ${pids[$tag]}"
    echo "    node $tag at http://127.0.0.1:${ports[$tag]}/   $ends and watch the page move"
done
echo "  A node that has ended comes back after 5 seconds. Ctrl-C ends all of it. The logs are in $folder."
echo

while sleep 1; do
    runs haproxy || fail haproxy
    for tag in "${tags[@]}"; do
        runs "$tag" && continue
        echo "  Node $tag has ended and comes back."
        sleep 5
        start_node "$tag"
        await "$tag"
        echo "  Node $tag is back: ${pids[$tag]}"
    done
done
