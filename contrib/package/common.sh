# Read by the scripts beside it: where things are, and which toolchain builds for a target.
# shellcheck shell=bash disable=SC2034 # what is set here is used there
set -eu -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD
target_dir=${CARGO_TARGET_DIR:-$root/target}
tools=${TOOLS:-$root/target/tools}
dist=$root/target/dist
# How programs are built: as a release's are, or by PROFILE=dev quickly, to try the scripts: not optimised, with the crates that
# `cargo test` has built already. Such packages are no release's: only a release's bytes are equal wherever they are made.
profile=${PROFILE:-release}
built=${profile/dev/debug}
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
host=$(rustc -vV | sed -n 's/^host: //p')
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
mkdir -p "$tools" "$dist"

say() { printf '\n== %s\n' "$*"; }

# apt-get install what of these packages is missing.
debian() {
    command -v apt-get >/dev/null || return 0
    dpkg -s "$@" >/dev/null 2>&1 && return
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# Sets `chroot`: a minimal Debian in which nothing is installed.
minimal_debian() {
    debian debootstrap
    chroot=$tools/chroot
    if [ ! -d "$chroot" ]; then
        rm -rf "$chroot.new"
        debootstrap --variant=minbase bookworm "$chroot.new" >"$tools/debootstrap.log" 2>&1 || { tail "$tools/debootstrap.log"; exit 1; }
        # It knows of no other package.
        rm -rf "$chroot.new"/var/cache/apt/archives/*.deb "$chroot.new"/var/lib/apt/lists/*
        mv "$chroot.new" "$chroot"
    fi
}

# Tools that are wheels: zig, which compiles and links C for any target, and those that make packages.
python_tools() {
    debian python3-venv
    [ -x "$tools/venv/bin/pip" ] || python3 -m venv "$tools/venv"
    "$tools/venv/bin/pip" install -q --disable-pip-version-check -r contrib/package/requirements.txt
    PATH=$tools/venv/bin:$PATH
}

# Sets `cargo`: how to call it to build for a target.
toolchain() {
    cargo=(cargo)
    case $host-$1 in
        *-apple-*-apple-*) ;;
        *-apple-* | *-musl) cargo=(cargo-zigbuild) ;;
    esac
    standard_library_for "$1"
}

# Where rustup has no standard library for a target, Debian's rustc is used, which builds one from its source.
standard_library_for() {
    local target=$1
    if rustup target list --installed 2>/dev/null | grep -qx "$target"; then
        return
    fi
    local debs=$tools/debian
    if [ ! -d "$debs" ]; then
        rm -rf "$debs.new" && mkdir -p "$debs.new/archives"
        apt-get update -qq
        # Unpacked and not installed: the machine's own toolchain stays.
        (cd "$debs.new/archives" && apt-get download -qq rustc-web cargo-web rust-web-src rust-web-clippy libstd-rust-web-1.96 \
            libstd-rust-web-dev libllvm22 libgit2-1.5 libhttp-parser2.9 libmbedcrypto7 libmbedtls14 libmbedx509-1 libssh2-1) >&2
        for deb in "$debs.new"/archives/*.deb; do
            dpkg -x "$deb" "$debs.new"
        done
        rm -r "$debs.new/archives"
        mv "$debs.new" "$debs"
    fi
    PATH=$debs/usr/bin:$PATH
    export LD_LIBRARY_PATH=$debs/usr/lib/x86_64-linux-gnu RUSTC_BOOTSTRAP=1
}

# Flags for rustc: no path of this machine gets into a program.
flags() {
    printf -- '--remap-path-prefix=%s=tcpcheck --remap-path-prefix=%s=cargo --remap-path-prefix=%s=tools' \
        "$root" "${CARGO_HOME:-$HOME/.cargo}" "$tools"
}

# Sets `std`: flags with which a standard library is built, if it has to be; with `test` also the one for tests.
std() {
    std=()
    [ -z "${RUSTC_BOOTSTRAP:-}" ] || std=("-Zbuild-std=std,panic_abort${1:+,$1}")
}
