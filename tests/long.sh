#!/bin/sh
# What takes too long for every change; run it before a release.
#
#   sh tests/long.sh            everything below
#   sh tests/long.sh damage     a thousand rounds of random damage to boards, with another seed each day
#   sh tests/long.sh fuzz       each fuzz target for five minutes (clang with libFuzzer); tests/fuzz/README.md says what to do with a find
#   sh tests/long.sh seeded     ten thousand drivers that fail at random, with another seed each day
#   sh tests/long.sh agree      the inspector against cuobjdump's counts on all real files of tests/inspect (fetched once: 12 GB of disk)
#   sh tests/long.sh tidy       clang-tidy with its static analyzer, over the tests' own sources, too
#   sh tests/long.sh loader     our re-enactment of the loader against the real one, on 3000 random systems: glibc of this
#                               machine and of Debian 11, x86-64 and aarch64 (in an emulator; root)
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

fuzz() {
    echo "== the fuzz targets"
    if ! command -v clang++ >/dev/null; then
        echo "this needs clang++ with its runtime library (Debian: clang, libclang-rt-14-dev)" >&2
        return 1
    fi
    cmake -G Ninja -S . -B build/fuzz -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ \
        -DJETCUDA_FUZZ=ON >/dev/null
    for target in tests/fuzz/*_target.cpp; do
        name=$(basename "$target" _target.cpp)
        ninja -C build/fuzz "fuzz-$name" >/dev/null
        mkdir -p "build/fuzz/found/$name"
        # New inputs gather in the build folder; what breaks something is a file crash-… there.
        (cd build/fuzz/found && "../bin/fuzz-$name" -max_total_time="${JETCUDA_FUZZ_SECONDS:-300}" -rss_limit_mb=512 -timeout=10 \
            -max_len=8192 -print_final_stats=1 "$name" "$top/tests/fuzz/corpus/$name" 2>"$name.log") || {
            tail -n 30 "build/fuzz/found/$name.log"
            return 1
        }
        sed -n "s/^stat::number_of_executed_units: */$name: executions: /p" "build/fuzz/found/$name.log"
    done
}

seeded() {
    echo "== drivers that fail at random"
    cmake -G Ninja -S . -B build/release -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_EXPORT_COMPILE_COMMANDS=ON >/dev/null
    ninja -C build/release jetcuda-check jetcuda-probe simulated-libcuda >/dev/null
    /usr/bin/python3 tests/drivers/seeded_runs_test.py --binaries build/release/bin \
        --simulated build/release/tests/drivers/libcuda.so.1.1 --runs 10000 --seed "$(date +%Y%m%d)00000"
}

agree() {
    echo "== the inspector on real files"
    cmake -G Ninja -S . -B build/release -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_EXPORT_COMPILE_COMMANDS=ON >/dev/null
    ninja -C build/release jetcuda-check >/dev/null
    /usr/bin/python3 tests/inspect/agree_test.py --binaries build/release/bin --files build/real-files
}

tidy() {
    echo "== clang-tidy with the analyzer"
    cmake -G Ninja -S . -B build/release -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_EXPORT_COMPILE_COMMANDS=ON >/dev/null
    ninja -C build/release >/dev/null
    find kernels probes daemon tests -name '*.cpp' -print | sort |
        xargs -P "$(nproc)" -n 1 "$(command -v clang-tidy-14 || command -v clang-tidy)" --quiet -p build/release
}

# mmdebstrap without security updates: those of an old release are listed and not all kept; the release itself is.
unpack() {
    # shellcheck disable=SC2016  # the tree is named by mmdebstrap
    mmdebstrap --setup-hook='sed -i /security/d "$1"/etc/apt/sources.list' "$@"
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
    unpack --variant=minbase --include="${packages%,}" bullseye "$tree"
    cp -a /usr/include/CLI "$tree/usr/include/"
    mkdir "$tree/src"
    for entry in CMakeLists.txt kernels probes daemon config systemd packaging; do
        cp -a "$entry" "$tree/src/"
    done
    status=0
    chroot "$tree" sh -c 'cmake -G Ninja -S /src -B /build -DJETCUDA_TESTS=OFF && ninja -C /build && /build/bin/jetcuda-check --version' ||
        status=$?
    rm -rf --one-file-system "$tree"
    return "$status"
}

# Trees of other distributions and of aarch64 are unpacked and never installed; the emulator needs no registration.
loader() {
    echo "== the loader"
    missing=""
    for program in mmdebstrap qemu-aarch64-static aarch64-linux-gnu-gcc; do
        command -v "$program" >/dev/null || missing="$missing $program"
    done
    if [ "$(id -u)" -ne 0 ] || [ -n "$missing" ]; then
        echo "this needs root, and the packages mmdebstrap, qemu-user-static and gcc-aarch64-linux-gnu; missing:$missing" >&2
        return 1
    fi
    cmake -G Ninja -S . -B build/release -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_EXPORT_COMPILE_COMMANDS=ON >/dev/null
    ninja -C build/release loader-reenactment >/dev/null
    trees=$(mktemp -d /var/tmp/jetcuda-loader-XXXXXX)
    status=0
    differ() {
        /usr/bin/python3 tests/loader/differential_test.py --reenactment build/release/bin/loader-reenactment "$@" || status=1
    }
    differ --count 1000
    for suite in bullseye bookworm; do
        for machine in amd64 arm64; do
            tree=$trees/$suite-$machine
            unpack --quiet --variant=extract --architectures="$machine" --include=libc6,libc-bin "$suite" "$tree" || status=1
        done
        differ --count 500 --seed 10000 --machine aarch64 --tree "$trees/$suite-arm64"
    done
    differ --count 1000 --seed 20000 --tree "$trees/bullseye-amd64"
    rm -rf --one-file-system "$trees"
    return "$status"
}

case ${1:-all} in
    damage) damage ;;
    fuzz) fuzz ;;
    seeded) seeded ;;
    agree) agree ;;
    tidy) tidy ;;
    loader) loader ;;
    bullseye) bullseye ;;
    all)
        damage
        fuzz
        seeded
        agree
        tidy
        loader
        bullseye
        ;;
    *)
        echo "$0: no part \"$1\"; there are damage, fuzz, seeded, agree, tidy, loader and bullseye" >&2
        exit 64
        ;;
esac
