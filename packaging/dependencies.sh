#!/bin/sh
# The one place that names the packages this project needs, on Debian 12 and Ubuntu 22.04 or later:
#
#   sh packaging/dependencies.sh [build] [run] [test]     installs the sets when root, else says how to
#   sh packaging/dependencies.sh --list [build] …         prints their names only
#
# `build` compiles the programs, `run` is what they need beside them in a demo without systemd, `test` adds what the
# tests use. Without a name: build and run. Everything comes from the distribution.
#
# SQLite is no parser to write by hand: Nix's database has a write-ahead log, and may be damaged.
set -eu

build="cmake ninja-build g++ pkg-config libsystemd-dev libsdbus-c++-dev libmd-dev zlib1g-dev liblzma-dev libzstd-dev libsqlite3-dev libarchive-dev nlohmann-json3-dev libyaml-cpp-dev libfmt-dev libcli11-dev"
run="dbus python3 util-linux"
test="doctest-dev libkmod-dev ccache python3-jsonschema python3-dbus python3-dbusmock python3-gi systemd systemd-container systemd-journal-remote mmdebstrap clang-14 clang-format-14 clang-tidy-14 python3-pip shellcheck kmod man-db groff-base xz-utils binutils"

list_only=no
sets=""
for word in "$@"; do
    case $word in
        --list) list_only=yes ;;
        build | run | test) sets="$sets $word" ;;
        *)
            echo "$0: unknown set \"$word\"; the sets are build, run and test" >&2
            exit 64
            ;;
    esac
done
[ -n "$sets" ] || sets="build run"

packages=""
for name in $sets; do
    case $name in
        build) packages="$packages $build" ;;
        run) packages="$packages $run" ;;
        test) packages="$packages $test" ;;
    esac
done

if [ $list_only = yes ]; then
    # shellcheck disable=SC2086  # names are words
    printf '%s\n' $packages | sort -u
    exit 0
fi

if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "This machine has no dpkg. Install by hand what these Debian packages hold:$packages" >&2
    exit 1
fi

missing=""
for package in $packages; do
    case $(dpkg-query -W -f='${Status}' "$package" 2>/dev/null) in
        "install ok installed") ;;
        *)
            case " $missing " in
                *" $package "*) ;;
                *) missing="$missing $package" ;;
            esac
            ;;
    esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "These packages are missing. Install them, then run this again:" >&2
    echo "    sudo apt-get update && sudo apt-get install --no-install-recommends$missing" >&2
    exit 1
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
apt-get install -y -q --no-install-recommends $missing >/dev/null 2>&1 ||
    { apt-get update -q && apt-get install -y -q --no-install-recommends $missing; }
