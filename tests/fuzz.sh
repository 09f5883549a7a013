#!/bin/bash
# Random input to everything that reads what others write: the programs of
# fuzz/targets, each for some time.
#
#   tests/fuzz.sh SECONDS [TARGET…]     all of them, or these
#
# libFuzzer with coverage, built by the stable compiler: a C++ compiler is
# installed with apt-get if there is none. What led to new paths is kept in
# $RES_OUTBOUND_CACHE/fuzz (default ~/.cache/res_outbound) and is where the next
# run goes on. An input that fails is left in fuzz/artifacts; to repeat it:
#
#   tests/fuzz.sh --repeat TARGET FILE
set -euo pipefail
cd "$(dirname "$0")/.."

CACHE=${RES_OUTBOUND_CACHE:-${HOME:-/root}/.cache/res_outbound}
MACHINE=$(rustc -vV | sed -n 's/^host: //p')
TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-target}")/fuzz
PROGRAMS=$TARGET_DIR/$MACHINE/release

# Longest input, and seconds that one may take on a busy machine.
LIMITS=(-max_len=8192 -timeout=60 -rss_limit_mb=2048)

say() { printf '%s\n' "fuzz: $*" >&2; }
die() { printf '%s\n' "fuzz: ERROR: $*" >&2; exit 1; }

targets() { sed -n 's|^path = "targets/\(.*\)\.rs"|\1|p' fuzz/Cargo.toml; }

# libFuzzer itself is C++.
install_on_host() {
    command -v c++ >/dev/null && return
    [ "$(id -u)" = 0 ] || die "missing on this machine: g++; run this once as root"
    say "installing on this machine with apt-get: g++"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends g++ >/dev/null \
        || { apt-get update -qq && apt-get install -y -qq --no-install-recommends g++ >/dev/null; } \
        || die "apt-get could not install g++"
}

# With --target, programs that only help to build are not instrumented.
build() {
    local flags=(
        --cfg fuzzing
        -Ccodegen-units=1 -Cdebug-assertions -Coverflow-checks
        -Cpasses=sancov-module
        -Cllvm-args=-sanitizer-coverage-level=4
        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
        -Cllvm-args=-sanitizer-coverage-pc-table
        -Cllvm-args=-sanitizer-coverage-trace-compares
    )
    RUSTFLAGS="${flags[*]}" CARGO_TARGET_DIR=$TARGET_DIR \
        cargo build --manifest-path fuzz/Cargo.toml --quiet --release --bins --target "$MACHINE"
}

run() {
    local target=$1 seconds=$2 corpus=$CACHE/fuzz/$1 log=$CACHE/fuzz/$1.log seeds=fuzz/corpus-seeds/$1
    mkdir -p "$corpus" fuzz/artifacts
    [ -d "$seeds" ] || die "$target has no seeds in $seeds"
    if ! "$PROGRAMS/$target" "$corpus" "$seeds" "${LIMITS[@]}" -max_total_time="$seconds" \
        -artifact_prefix="fuzz/artifacts/$target-" >"$log" 2>&1; then
        grep -aE 'panicked|ERROR|^[A-Za-z].*(failed|left|right)|Test unit written' "$log" | head -n 20 >&2
        die "$target: the input above fails; all of it: $log"
    fi
    say "$target: $(tail -n 1 "$log")"
}

[ $# -ge 1 ] || die "usage: tests/fuzz.sh SECONDS [TARGET…]"
install_on_host
build
if [ "$1" = --repeat ]; then
    exec "$PROGRAMS/$2" "$3"
fi
seconds=$1
shift
[ $# -gt 0 ] || mapfile -t list < <(targets)
for target in "${@:-${list[@]}}"; do
    run "$target" "$seconds"
done
