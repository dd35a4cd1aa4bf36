#!/usr/bin/env bash
# Installs what is missing, and only that, from the system's packages.
#   install.sh run    what building and running need
#   install.sh test   and what the tests need besides
#   install.sh nodes  and what several nodes need besides: Redis and HAProxy
#   install.sh real   and what the tests of real balancers and of the real clamd need besides
# What is a service in these packages is neither started nor enabled: only the programs are used, on ports and in folders of their own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null

say() { echo "install: $*" >&2; }

# For everything that may be needed: whether it is there, and the packages that bring it.

has_cargo() { command -v cargo >/dev/null; }

has_compiler() { echo '#include <stdlib.h>' | cc -E - >/dev/null 2>&1; }
packages_compiler() { echo build-essential; }

has_postgresql() {
    local folder
    for folder in $(pg_config --bindir 2>/dev/null) /usr/lib/postgresql/*/bin; do
        [[ -x $folder/postgres && -x $folder/initdb ]] && return
    done
    command -v postgres >/dev/null && command -v initdb >/dev/null
}
packages_postgresql() { echo postgresql; }

has_libpq() {
    local libraries headers
    libraries=$(pg_config --libdir 2>/dev/null) && headers=$(pg_config --includedir 2>/dev/null) || return
    [[ -e $libraries/libpq.so && -e $headers/libpq-fe.h ]]
}
packages_libpq() { echo libpq-dev; }

# Run, not looked up: Ubuntu's chromium-browser is a script that only says where to get a snap.
any_runs() {
    local name
    for name in "$@"; do
        "$name" --version >/dev/null 2>&1 && return
    done
    return 1
}
has_browser() { any_runs chromium chromium-browser google-chrome google-chrome-stable; }
packages_browser() { echo "$(first_offered chromium chromium-browser) fonts-liberation"; }
has_driver() { any_runs chromedriver chromium.chromedriver; }
packages_driver() { first_offered chromium-driver chromium-chromedriver; }

# Debian puts these into a folder that is not on everybody's PATH.
has_program() { command -v "$1" >/dev/null || [[ -x /usr/sbin/$1 ]]; }
has_pooler() { has_program pgbouncer; }
packages_pooler() { echo pgbouncer; }
has_redis() { has_program redis-server; }
packages_redis() { echo redis-server; }
has_haproxy() { has_program haproxy; }
packages_haproxy() { echo haproxy; }
has_nginx() { has_program nginx; }
packages_nginx() { echo nginx; }
has_clamd() { has_program clamd; }
packages_clamd() { echo clamav-daemon; }
has_exiftool() { has_program exiftool; }
packages_exiftool() { echo libimage-exiftool-perl; }

has_node() { command -v node >/dev/null; }
packages_node() { echo nodejs; }
has_npm() { command -v npm >/dev/null; }
packages_npm() { echo npm; }
# Debian's python3 has venv without what a venv is filled with.
has_python() { python3 -c 'import ensurepip, venv' >/dev/null 2>&1; }
packages_python() { echo python3 python3-venv; }

first_offered() {
    local name
    for name in "$@"; do
        LC_ALL=C apt-cache policy "$name" 2>/dev/null | grep -q 'Candidate: [^(]' && echo "$name" && return
    done
    echo "$1"
}

missing() {
    local need
    for need in "$@"; do
        "has_$need" || echo "$need"
    done
}

as_root() {
    if [[ $(id -u) == 0 ]]; then
        env "$@"
    elif [[ -n ${CI:-} ]]; then
        sudo -n env "$@"
    else
        sudo env "$@"
    fi
}

packages_of() {
    local need
    for need in "$@"; do "packages_$need"; done
}

install_packages() {
    local -a apt=(DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120)
    local -a packages
    local status=0
    if ! command -v apt-get >/dev/null; then
        say "this system has no apt-get; install these by its own means: $*"
        return 1
    fi
    if [[ $(id -u) != 0 ]] && ! command -v sudo >/dev/null; then
        read -r -d '' -a packages < <(packages_of "$@") || true
        say "not root, and there is no sudo; as root: apt-get install ${packages[*]}"
        return 1
    fi
    as_root "${apt[@]}" update >&2 || say "the package lists could not be renewed; going on with those that are there"
    read -r -d '' -a packages < <(packages_of "$@") || true
    say "installing ${packages[*]}"
    forbid_services
    as_root "${apt[@]}" install --yes --no-install-recommends --no-upgrade --no-remove "${packages[@]}" >&2 || status=$?
    permit_services
    disable_services "${packages[@]}"
    return "$status"
}

# Debian starts a service as soon as its package is installed, unless this file says no.
policy=/usr/sbin/policy-rc.d
policy_is_ours=

forbid_services() {
    [[ ! -e $policy ]] || return 0
    trap permit_services EXIT
    policy_is_ours=yes
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null && as_root chmod 755 "$policy" ||
        say "services of the packages may be started"
}

permit_services() {
    [[ -n $policy_is_ours ]] || return 0
    policy_is_ours=
    as_root rm -f "$policy"
}

# Nor are they started with the machine.
disable_services() {
    local package
    [[ -d /run/systemd/system ]] || return 0
    for package in "$@"; do
        case $package in
        pgbouncer | redis-server | haproxy | nginx)
            as_root systemctl disable --quiet "$package" >&2 || say "the service $package starts with the machine"
            ;;
        clamav-daemon)
            as_root systemctl disable --quiet clamav-daemon.service clamav-daemon.socket clamav-freshclam.service >&2 ||
                say "the services of $package start with the machine"
            ;;
        esac
    done
}

explain() {
    case $1 in
    browser | driver)
        say "no $1: Chromium and its driver could not be had from the packages (on Ubuntu they are snaps," \
            "which need a running snapd). Install chromium or google-chrome and a chromedriver of the same version," \
            "so that both are on PATH"
        ;;
    *) say "still missing: $1 (package $("packages_$1"))" ;;
    esac
}

install_node_packages() {
    local lock=tests/node/package-lock.json installed=tests/node/node_modules/.package-lock.json
    [[ $installed -nt $lock ]] && return
    npm ci --prefix tests/node --no-audit --no-fund >&2
}

install_python_packages() {
    local wanted=tests/python/requirements.txt installed=tests/python/.venv/installed
    [[ $installed -nt $wanted ]] && return
    python3 -m venv --clear tests/python/.venv >&2 &&
        tests/python/.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --requirement "$wanted" >&2 &&
        touch "$installed"
}

needs=(compiler postgresql libpq)
case ${1:-} in
run) ;;
test) needs+=(browser driver node npm python pooler redis exiftool) ;;
nodes) needs+=(redis haproxy) ;;
campaign) needs+=(node npm redis haproxy) ;;
real) needs+=(browser driver node npm python redis haproxy nginx clamd) ;;
*) say "install.sh run | test | nodes | campaign | real" && exit 2 ;;
esac

if ! has_cargo; then
    say "no cargo: install a Rust toolchain (rustup), of the version that Cargo.toml names or newer"
    exit 1
fi

read -r -d '' -a absent < <(missing "${needs[@]}") || true
if ((${#absent[@]})); then
    install_packages "${absent[@]}" || say "the installation failed"
    read -r -d '' -a absent < <(missing "${needs[@]}") || true
    for need in "${absent[@]}"; do explain "$need"; done
fi
if [[ $1 == test || $1 == real || $1 == campaign ]] && has_npm; then
    install_node_packages
fi
if [[ $1 == test || $1 == real ]] && has_python; then
    install_python_packages
fi
((${#absent[@]} == 0))
