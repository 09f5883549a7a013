#!/bin/bash
# Everything that has to hold before a change goes in: `make test` calls this
# after it has made the rootfs. Each step has a headline; the first that fails
# ends it. Temporary files lie in a folder of this run, which stays only when
# something fails.
set -euo pipefail
cd "$(dirname "$0")/.."

# Short, because the path of Asterisk's control socket may be 107 bytes long.
run_folder=$(mktemp -d "${TMPDIR:-/tmp}/outbound-test.XXXX")
step=
finish() {
    local status=$?
    # With all that it has started.
    [ -z "${pacing:-}" ] || kill -- "-$pacing" 2>/dev/null || true
    if [ $status -eq 0 ]; then
        rm -rf "$run_folder"
        printf '\n== All of it passed, in %d s\n' $SECONDS
    else
        printf '\n== FAILED: %s (files of this run: %s)\n' "$step" "$run_folder" >&2
    fi
}
trap finish EXIT

headline() {
    step=$1
    printf '\n== %s\n' "$step"
}

headline "Every suite is named in Cargo.toml"
for suite in tests/*.rs; do
    grep -qF "path = \"$suite\"" Cargo.toml || { echo "$suite is not"; exit 1; }
done

headline "Module: release build"
make --no-print-directory build
RES_OUTBOUND_SO=$(realpath "${CARGO_TARGET_DIR:-target}/release/res_outbound.so")
export RES_OUTBOUND_SO

headline "Module: every symbol that it needs is there"
make --no-print-directory check-symbols

headline "Format"
cargo fmt --all --check

headline "Lints"
cargo clippy --workspace --all-targets -- -D warnings

headline "Tests: the dialer by itself, and the module in a real Asterisk"
cargo test --workspace --no-run
cargo test --test pacing --no-run
# Agents who talk for a hundred seconds need hardly any processor.
set -m
TMPDIR=$run_folder cargo test --test pacing -- --nocapture >"$run_folder/pacing.txt" 2>&1 &
pacing=$!
set +m
TMPDIR=$run_folder cargo test --workspace --no-fail-fast

headline "Tests: predictive and progressive dialing, which ran beside these"
if wait $pacing; then
    pacing=
    grep within "$run_folder/pacing.txt"
else
    cat "$run_folder/pacing.txt"
    exit 1
fi

headline "Fuzzing: 20 s each (\`make fuzz\` takes its time)"
tests/fuzz.sh 20
