#!/bin/sh
# What takes too long for every change; run it before a release.
#
#   sh tests/long.sh            everything below
#   sh tests/long.sh damage     a thousand rounds of random damage to boards, with another seed each day
#   sh tests/long.sh tidy       clang-tidy over the tests' own sources (tests/run.sh looks at those of the programs)
#   sh tests/long.sh bullseye   the release build with Debian 11's g++-10 and sdbus-c++ 0.8.3, in a tree of its own (root)
set -eu
cd "$(dirname "$0")/.."
top=$(pwd)

damage() {
    echo "== random damage to boards"
    binaries=$top/build/sanitize/bin
    if [ ! -x "$binaries/jetcuda-check" ]; then
        cmake -G Ninja -S . -B build/sanitize -DCMAKE_BUILD_TYPE=Debug -DJETCUDA_SANITIZE=ON >/dev/null
        ninja -C build/sanitize jetcuda-check jetcuda-probe
    fi
    /usr/bin/python3 tests/roots/hostile_roots_test.py --binaries "$binaries" --rounds 1000 --seed "$(date +%Y%m%d)000"
}

tidy() {
    echo "== clang-tidy over the tests"
    cmake -G Ninja -S . -B build/release -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_EXPORT_COMPILE_COMMANDS=ON >/dev/null
    ninja -C build/release >/dev/null
    find tests -name '*.cpp' -print | sort |
        xargs -P "$(nproc)" -n 1 "$(command -v clang-tidy-14 || command -v clang-tidy)" --quiet -p build/release
}

# The oldest compiler and library that the code must be fit for: one package for JetPack 5, 6 and 7 is built with them.
bullseye() {
    echo "== build with g++-10"
    if [ "$(id -u)" -ne 0 ] || ! command -v mmdebstrap >/dev/null; then
        echo "this needs root and mmdebstrap" >&2
        return 1
    fi
    tree=$(mktemp -d /var/tmp/jetcuda-bullseye-XXXXXX)
    # Debian 11 has no CLI11; its headers need no library, so those of this machine serve.
    packages=$(sh packaging/dependencies.sh --list build | grep -vx libcli11-dev | tr '\n' ',')
    mmdebstrap --variant=minbase --include="${packages%,}" bullseye "$tree"
    cp -a /usr/include/CLI "$tree/usr/include/"
    mkdir "$tree/src"
    for entry in CMakeLists.txt probes daemon config systemd packaging; do
        cp -a "$entry" "$tree/src/"
    done
    status=0
    chroot "$tree" sh -c 'cmake -G Ninja -S /src -B /build -DJETCUDA_TESTS=OFF && ninja -C /build && /build/bin/jetcuda-check --version' ||
        status=$?
    rm -rf --one-file-system "$tree"
    return "$status"
}

case ${1:-all} in
    damage) damage ;;
    tidy) tidy ;;
    bullseye) bullseye ;;
    all)
        damage
        tidy
        bullseye
        ;;
    *)
        echo "$0: no part \"$1\"; there are damage, tidy and bullseye" >&2
        exit 64
        ;;
esac
