#!/bin/bash
# Installs, once, three manager clients that others wrote, for tests/clients.rs:
#
#   panoramisk 1.4             Python, from PyPI, in an environment of its own
#   Asterisk::Manager 1.08     Perl, Debian's libasterisk-agi-perl, unpacked
#   asterisk-manager 0.2.0     Node.js, from npm, unpacked
#
# They go into $RES_OUTBOUND_CACHE/clients (default ~/.cache/res_outbound). On
# this machine only Python 3, its venv and Node.js are installed, with apt-get,
# where they are missing (node about 100 MB). Later calls find all of it ready.
set -euo pipefail
cd "$(dirname "$0")/clients"

CACHE=${RES_OUTBOUND_CACHE:-${HOME:-/root}/.cache/res_outbound}
CLIENTS=$CACHE/clients
STAMP=$CLIENTS/.ready
PERL_PACKAGE=libasterisk-agi-perl=1.08-1
NODE_PACKAGE=asterisk-manager
NODE_VERSION=0.2.0
NODE_SHA512=drPPaG18ZZx1+E8rSzWxzh5fmJw0poSWgsu4HHT/UWlvFmqCwtfBZILpdsDDGhD43ughWYxC0cmR7KirHDPaww==
REGISTRY=${npm_config_registry:-https://registry.npmjs.org}

say() { printf '%s\n' "clients: $*" >&2; }
die() { printf '%s\n' "clients: ERROR: $*" >&2; exit 1; }

# Another one of these makes another set.
recipe() { cat python/requirements.txt; printf '%s\n' "$PERL_PACKAGE $NODE_PACKAGE@$NODE_VERSION"; }

is_ready() {
    [ "$(cat "$STAMP" 2>/dev/null)" = "$(recipe)" ] && command -v node >/dev/null \
        && command -v perl >/dev/null \
        && "$CLIENTS/python/bin/python" -c 'import panoramisk' 2>/dev/null
}

# Package lists may be absent or too old: then, and only then, they are fetched.
with_lists() {
    "$@" >"$CACHE/clients.log" 2>&1 && return
    apt-get update -qq >>"$CACHE/clients.log" 2>&1 || true
    "$@" >>"$CACHE/clients.log" 2>&1 || { tail -n 3 "$CACHE/clients.log" >&2; die "failed: $*"; }
}

install_on_host() {
    local missing=()
    python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3 python3-venv)
    command -v node >/dev/null || missing+=(nodejs)
    command -v perl >/dev/null || missing+=(perl)
    [ ${#missing[@]} -eq 0 ] && return
    command -v apt-get >/dev/null || die "missing on this machine: ${missing[*]}; it has no apt-get"
    [ "$(id -u)" = 0 ] || die "missing on this machine: ${missing[*]}; run this once as root"
    say "installing on this machine with apt-get: ${missing[*]}"
    DEBIAN_FRONTEND=noninteractive with_lists \
        apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

make_python() {
    say "panoramisk from PyPI"
    python3 -m venv "$new/python"
    "$new/python/bin/python" -m pip install --quiet --disable-pip-version-check \
        --require-hashes -r python/requirements.txt >&2
}

make_perl() {
    say "Asterisk::Manager from Debian"
    mkdir -p "$new/perl"
    (cd "$new/perl" && with_lists apt-get download -o APT::Sandbox::User=root "$PERL_PACKAGE" \
        && dpkg -x ./*.deb . && rm ./*.deb)
}

make_node() {
    say "asterisk-manager from npm"
    mkdir -p "$new/node/node_modules"
    python3 - "$REGISTRY/$NODE_PACKAGE/-/$NODE_PACKAGE-$NODE_VERSION.tgz" "$NODE_SHA512" \
        >"$new/node/package.tgz" <<'PYTHON'
import base64, hashlib, sys, urllib.request
content = urllib.request.urlopen(sys.argv[1], timeout=60).read()
if base64.b64encode(hashlib.sha512(content).digest()).decode() != sys.argv[2]:
    sys.exit(sys.argv[1] + " is not what it was")
sys.stdout.buffer.write(content)
PYTHON
    tar -xzf "$new/node/package.tgz" -C "$new/node"
    mv "$new/node/package" "$new/node/node_modules/$NODE_PACKAGE"
    rm "$new/node/package.tgz"
}

mkdir -p "$CACHE"
# One at a time: whoever comes second waits and then finds it ready.
exec 9>"$CACHE/clients.lock"
flock 9
if is_ready; then
    say "there already: $CLIENTS"
    exit
fi
install_on_host
# A Python environment does not work in another place than it was made in.
rm -rf "$CLIENTS"
new=$CLIENTS
trap 'rm -rf "$CLIENTS"' EXIT
mkdir -p "$new"
make_python
make_perl
make_node
recipe >"$STAMP"
trap - EXIT
say "ready: $CLIENTS"
