#!/bin/bash
# Builds the image of the Dockerfile and runs it: the module must be running in
# it, its database must lie on the volume, and be used again by the next
# container.
#
# With buildah and --isolation chroot, which needs neither a daemon nor a
# kernel with everything that Docker wants. The base image debian:sid is made
# from the test rootfs instead of being pulled. Needs root.
set -euo pipefail
cd "$(dirname "$0")/.."

BASE=docker.io/library/debian:sid
IMAGE=localhost/res_outbound:test
DATA=/var/lib/res_outbound
DEADLINE_S=60

say() { printf '%s\n' "docker-test: $*"; }
die() { printf '%s\n' "docker-test: ERROR: $*" >&2; exit 1; }

[ "$(id -u)" = 0 ] || die "must be root: chroot isolation needs it"
rootfs=$(tests/rootfs.sh --path)
[ -d "$rootfs/etc" ] || die "no $rootfs: run make rootfs"

if ! command -v buildah >/dev/null; then
    say "installing buildah on this machine with apt-get"
    apt-get install -y -qq --no-install-recommends buildah >/dev/null 2>&1 \
        || { apt-get update -qq && apt-get install -y -qq --no-install-recommends buildah >/dev/null; } \
        || die "buildah cannot be installed"
fi

run_folder=$(mktemp -d "${TMPDIR:-/tmp}/outbound-docker.XXXX")
runner=
# Images and containers of their own: nothing of the machine's is touched.
images=$(dirname "$rootfs")/images
buildah() {
    command buildah --root "$images" --runroot "$run_folder/run" --storage-driver vfs "$@"
}

finish() {
    local status=$?
    stop_container
    buildah rm --all >/dev/null 2>&1 || true
    # The base can be used again; what was built is of today only.
    buildah rmi "$IMAGE" >/dev/null 2>&1 || true
    buildah rmi --prune >/dev/null 2>&1 || true
    if [ $status -eq 0 ]; then
        rm -rf "$run_folder"
    else
        say "FAILED; logs: $run_folder" >&2
    fi
}
trap finish EXIT

make_base() {
    # Made anew when the rootfs was.
    local tag stamp="$images/base-of"
    tag=$(stat -c '%i %Y' "$rootfs")
    if [ "$(cat "$stamp" 2>/dev/null)" = "$tag" ] && buildah inspect --type image "$BASE" >/dev/null 2>&1; then
        say "base image: there already"
        return
    fi
    say "base image: from $rootfs, tagged $BASE"
    container=$(buildah from scratch)
    # Not buildah copy, which would give all of it to root.
    cp -a "$rootfs/." "$(buildah mount "$container")/"
    buildah umount "$container" >/dev/null
    buildah config --cmd /bin/bash --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
    buildah commit --quiet --rm "$container" "$BASE" >/dev/null
    echo "$tag" >"$stamp"
}

# How this machine reaches its package registries: apt's settings, and whom it
# trusts. Mounted while building, so that nothing of it is in the image.
host_settings() {
    apt-config dump Acquire | grep -E '^Acquire::(Check-|http|https|Retries|Max-)' \
        >"$run_folder/apt.conf" || true
    mounts=(--volume "$run_folder/apt.conf:/etc/apt/apt.conf.d/99host:ro")
    printf '[net]\nretry = 3\n' >"$run_folder/cargo.toml"
    local certificates=/etc/ssl/certs/ca-certificates.crt
    if [ -r "$certificates" ]; then
        cp "$certificates" "$run_folder/host.crt"
        printf '[http]\ncainfo = "/run/host.crt"\n' >>"$run_folder/cargo.toml"
        mounts+=(--volume "$run_folder/host.crt:/run/host.crt:ro")
    fi
    # A registry of the machine's own choice.
    local config=${CARGO_HOME:-$HOME/.cargo}/config.toml
    [ ! -r "$config" ] || cat "$config" >>"$run_folder/cargo.toml"
    mounts+=(--volume "$run_folder/cargo.toml:/root/.cargo/config.toml:ro")
}

build_image() {
    say "building the image (log: $run_folder/build.log)"
    buildah bud --isolation chroot --pull-never --layers=false "${mounts[@]}" \
        --tag "$IMAGE" . >"$run_folder/build.log" 2>&1 \
        || { tail -n 25 "$run_folder/build.log" >&2; die "the image cannot be built"; }
}

# Runs the image's own command, in a network of its own: it must not answer
# calls from this machine's network, nor find its ports taken.
start_container() {
    container=$(buildah from --pull-never "$IMAGE")
    local words
    mapfile -t words < <(buildah inspect --format '{{range .OCIv1.Config.Cmd}}{{println .}}{{end}}' "$container" | sed '/^$/d')
    say "running: ${words[*]}"
    # buildah has to be called within, and a function is not known there.
    unshare --net -- sh -c 'ip link set lo up 2>/dev/null; exec "$@"' sh \
        buildah --root "$images" --runroot "$run_folder/run" --storage-driver vfs \
        run --isolation chroot --volume "$volume:$DATA" "$container" -- "${words[@]}" \
        >>"$run_folder/asterisk.log" 2>&1 &
    runner=$!
}

in_container() {
    buildah run --isolation chroot "$container" -- "$@" 2>/dev/null
}

stop_container() {
    [ -n "$runner" ] || return 0
    in_container /usr/sbin/asterisk -rx 'core stop now' >/dev/null || kill -TERM "$runner" 2>/dev/null || true
    wait "$runner" || true
    runner=
}

expect_running() {
    local until=$((SECONDS + DEADLINE_S)) shown=
    until [[ $shown == *" Running "* && $shown != *"Not Running"* ]]; do
        [ $SECONDS -lt $until ] \
            || { tail -n 20 "$run_folder/asterisk.log" >&2; die "res_outbound is not running: $shown"; }
        kill -0 "$runner" 2>/dev/null \
            || { tail -n 20 "$run_folder/asterisk.log" >&2; die "the container has ended"; }
        shown=$(in_container /usr/sbin/asterisk -rx 'module show like res_outbound' || true)
        sleep 0.2
    done
    say "$(grep res_outbound <<<"$shown")"
}

mkdir -p "$images"
make_base
host_settings
build_image

volume=$run_folder/volume
mkdir "$volume"
# As the image's folder belongs to its user asterisk, so must what stands in for it.
start_owner() {
    local owner
    container=$(buildah from --pull-never "$IMAGE")
    owner=$(buildah run --isolation chroot "$container" -- stat -c %u:%g "$DATA")
    buildah rm "$container" >/dev/null
    chown "$owner" "$volume"
}
start_owner

start_container
expect_running
[ -s "$volume/res_outbound.db" ] || die "no database on the volume: $(ls -la "$volume")"
say "on the volume: $(ls "$volume" | tr '\n' ' ')"
before=$(stat -c %i "$volume/res_outbound.db")
stop_container

start_container
expect_running
[ "$(stat -c %i "$volume/res_outbound.db")" = "$before" ] || die "the second container made another database"
stop_container
say "OK: built, ran twice, same database"
