#!/bin/bash
# Makes, once, a folder with Asterisk 22 and SIPp from Debian's packages, for
# everything that needs a real Asterisk: demo, sandbox, tests, and the headers
# that the module is built against. Later calls find it ready and only say
# where it is.
#
#   tests/rootfs.sh            make it, or reuse it; its path is the last line on stdout
#   tests/rootfs.sh --path     only say where it is or would be
#
# RES_OUTBOUND_CACHE     where to keep it (default ~/.cache/res_outbound)
# RES_OUTBOUND_MIRROR    Debian mirror to take the packages from (default: mmdebstrap's own choice)
#
# The packages are Debian sid's, because Debian 12 has no Asterisk. They go into
# a folder of their own: on the host they would replace its libc.
set -euo pipefail

# What goes into the folder. Another list makes another folder: see `recipe`.
SUITE=sid
PACKAGES=asterisk,asterisk-dev,sip-tester
MIRROR=${RES_OUTBOUND_MIRROR:-}
# Raised by hand when the folder must be made anew although the list is the same.
RECIPE_VERSION=1

CACHE=${RES_OUTBOUND_CACHE:-${HOME:-/root}/.cache/res_outbound}
ROOTFS=$CACHE/rootfs
STAMP=.res_outbound_rootfs

say() { printf '%s\n' "rootfs: $*" >&2; }
die() { printf '%s\n' "rootfs: ERROR: $*" >&2; exit 1; }

recipe() { printf '%s\n' "$RECIPE_VERSION $SUITE $PACKAGES $(uname -m)"; }

is_ready() { [ "$(head -n 1 "$ROOTFS/$STAMP" 2>/dev/null)" = "$(recipe)" ]; }

# The library folder of this machine's kind, as Debian names it.
library_folder() {
    case $(uname -m) in
        x86_64) echo usr/lib/x86_64-linux-gnu ;;
        aarch64) echo usr/lib/aarch64-linux-gnu ;;
        *) die "no known library folder for a $(uname -m) machine (known: x86_64, aarch64)" ;;
    esac
}

loader() {
    case $(uname -m) in
        x86_64) echo usr/lib64/ld-linux-x86-64.so.2 ;;
        aarch64) echo usr/lib/ld-linux-aarch64.so.1 ;;
    esac
}

# Installs on the host what is needed and missing, and says what.
install_on_host() {
    local missing=()
    command -v mmdebstrap >/dev/null || missing+=(mmdebstrap)
    command -v cc >/dev/null || missing+=(gcc)
    [ -e /usr/include/stdlib.h ] || missing+=(libc6-dev)
    command -v make >/dev/null || missing+=(make)
    # bindgen opens libclang at build time.
    ls /usr/lib/llvm-*/lib/libclang*.so* /usr/lib/*-linux-gnu/libclang*.so* >/dev/null 2>&1 \
        || missing+=(libclang-dev)
    [ ${#missing[@]} -eq 0 ] && return
    command -v apt-get >/dev/null \
        || die "missing on this machine: ${missing[*]}; it has no apt-get, so install them by hand"
    [ "$(id -u)" = 0 ] || die "missing on this machine: ${missing[*]}; run this once as root (or: apt-get install ${missing[*]})"
    say "installing on this machine with apt-get: ${missing[*]}"
    # Package lists may be absent or too old: then, and only then, fetch them.
    if ! host_apt_install "${missing[@]}"; then
        say "fetching the package lists (apt-get update)"
        apt-get update -qq >&2 || die "apt-get update failed: no way to this machine's package mirror?"
        host_apt_install "${missing[@]}" || die "apt-get could not install: ${missing[*]}"
    fi
}

host_apt_install() {
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >"$CACHE/apt.log" 2>&1 && return
    tail -n 3 "$CACHE/apt.log" >&2
    return 1
}

# Shows the steps of mmdebstrap, which are its lines that begin with "I:".
show_steps() {
    local line
    while IFS= read -r line; do
        case $line in
            "I: "*) say "  ${line#I: }" ;;
            "E: "*) say "  $line" ;;
        esac
    done
}

check_before() {
    [ -r /etc/debian_version ] || die "this is not a Debian: the folder is made with Debian's mmdebstrap"
    [ "$(id -u)" = 0 ] || die "must be root to unpack Debian packages (once; later runs need no root)"
    local free_mib
    free_mib=$(df -Pm "$CACHE" | awk 'NR == 2 { print $4 }')
    [ "$free_mib" -ge 2000 ] || die "$CACHE has $free_mib MiB left; 2000 MiB are needed"
}

make_rootfs() {
    local log=$CACHE/rootfs.log libs version
    libs=$(library_folder)
    # What a killed one left behind; we hold the lock, so nobody works on it.
    rm -rf "$CACHE"/rootfs.new.*
    new=$CACHE/rootfs.new.$$
    trap 'rm -rf "$new"' EXIT
    say "making $ROOTFS: Debian $SUITE with ${PACKAGES//,/, } (about 700 MB, half a minute)"
    # sid's index is often older than its "valid until" on a mirror's snapshot.
    if ! mmdebstrap --variant=apt --include="$PACKAGES" \
        --aptopt='APT::Install-Recommends "false"' \
        --aptopt='Acquire::Check-Valid-Until "false"' \
        --aptopt='Acquire::Retries "3"' \
        "$SUITE" "$new" ${MIRROR:+"$MIRROR"} 2>&1 | tee "$log" | show_steps; then
        if grep -qE 'Could not resolve|Could not connect|Temporary failure|Connection (failed|refused)|Unable to connect|40[347] ' "$log"; then
            die "no way to the Debian mirror ${MIRROR:-that mmdebstrap chose} (RES_OUTBOUND_MIRROR names another); all of it: $log"
        fi
        die "mmdebstrap failed; all of it: $log"
    fi
    [ -x "$new/usr/sbin/asterisk" ] || die "the packages hold no usr/sbin/asterisk; see $log"
    [ -x "$new/usr/bin/sipp" ] || die "the packages hold no usr/bin/sipp; see $log"
    [ -d "$new/$libs/asterisk/modules" ] || die "no Asterisk modules in $libs: packages of another kind of machine?"
    version=$("$new/$(loader)" --library-path "$new/$libs" "$new/usr/sbin/asterisk" -V) \
        || die "Asterisk was unpacked but does not run"
    case $version in
        "Asterisk 22."*) ;;
        *) die "Debian $SUITE has $version now; this project is for Asterisk 22" ;;
    esac
    { recipe; echo "$version"; } >"$new/$STAMP"
    # mmdebstrap leaves its root folder closed to others, who may want to run what is in it.
    chmod 755 "$new"
    rm -rf "$ROOTFS"
    mv "$new" "$ROOTFS"
    trap - EXIT
    say "ready: $version"
}

if [ "${1:-}" = --path ]; then
    printf '%s\n' "$ROOTFS"
    exit
fi
[ $# -eq 0 ] || die "unknown argument: $1"

mkdir -p "$CACHE" || die "cannot make $CACHE"
# One at a time: whoever comes second waits and then finds it ready.
exec 9>"$CACHE/rootfs.lock"
flock -n 9 || { say "another one is making it; waiting"; flock 9; }

install_on_host
if is_ready; then
    say "there already: $(sed -n 2p "$ROOTFS/$STAMP") in $ROOTFS"
else
    check_before
    make_rootfs
fi
printf '%s\n' "$ROOTFS"
