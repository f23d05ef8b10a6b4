#!/bin/sh
# Installs what the tests need (as root; else says what to install), builds, and runs every test. The last line is
# `N passed, N failed`; the exit status is 0 only when none failed and some ran.
#
#   sh tests/run.sh            the release build, all tests of ctest (style among them)
#   JETCUDA_CI=1 sh tests/run.sh    also everything under the address and undefined-behaviour sanitizers, and clang-tidy
#
# One test by hand: ctest --test-dir build/release -R roots/orin-r36.5 --output-on-failure
set -eu
cd "$(dirname "$0")/.."

passed=0
failed=0
broken=""
stage_began=0

begin() {
    stage_began=$(date +%s)
    echo "== $1"
}

end() {
    echo "== took $(($(date +%s) - stage_began)) s"
}

finish() {
    if [ -n "$broken" ]; then
        echo "what failed:$broken"
    fi
    echo "$passed passed, $failed failed"
    if [ "$failed" -gt 0 ] || [ "$passed" -eq 0 ]; then
        exit 1
    fi
    exit 0
}

# A stage that is no test of its own, and without which nothing can be said, counts as one failure.
give_up() {
    failed=$((failed + 1))
    broken="$broken $1"
    finish
}

jobs=$(nproc)

# What ccache keeps (where it is installed) serves another clone, too.
CCACHE_BASEDIR=$PWD
CCACHE_NOHASHDIR=1
export CCACHE_BASEDIR CCACHE_NOHASHDIR

build() { # NAME, then cmake's options
    name=$1
    shift
    begin "build $name"
    cmake -G Ninja -S . -B "build/$name" "$@" >"build/$name.configure.log" 2>&1 || {
        cat "build/$name.configure.log"
        give_up "configure-$name"
    }
    ninja -C "build/$name" -j "$jobs" >"build/$name.build.log" 2>&1 || {
        tail -n 100 "build/$name.build.log"
        give_up "build-$name"
    }
    end
}

# Runs ctest in build/NAME and adds what it counted.
run_tests() { # NAME, then ctest's options
    name=$1
    shift
    begin "tests of build $name"
    status=0
    ctest --test-dir "build/$name" --output-on-failure -j "$jobs" "$@" >"build/$name.tests.log" 2>&1 || status=$?
    # Shown whole where something failed, else one line a test.
    if [ "$status" -ne 0 ]; then
        cat "build/$name.tests.log"
    else
        grep -E '^ *[0-9]+/[0-9]+ Test' "build/$name.tests.log" || true
    fi
    # "98% tests passed, 2 tests failed out of 100"
    counts=$(sed -n 's/^[0-9]*% tests passed, \([0-9]*\) tests\{0,1\} failed out of \([0-9]*\)$/\1 \2/p' "build/$name.tests.log")
    if [ -z "$counts" ]; then
        give_up "ctest-$name"
    fi
    bad=${counts% *}
    # ctest counts what a test itself skipped (for want of root, say) as passed; we do not.
    skipped=$(sed -n 's/^[\t ]*[0-9]* - \([^ ]*\) (Skipped)$/\1/p' "build/$name.tests.log")
    for test in $skipped; do
        echo "skipped, not counted: $test"
        passed=$((passed - 1))
    done
    passed=$((passed + ${counts#* } - bad))
    failed=$((failed + bad))
    if [ "$bad" -gt 0 ]; then
        broken="$broken $(grep -v '(Skipped)$' "build/$name.tests.log" | sed -n 's/^[\t ]*[0-9]* - \([^ ]*\) (.*)$/\1/p' | tr '\n' ' ')"
    fi
    end
}

# Every source of the programs and of the simulated driver by itself, as many at once as there are processors. The
# static analyzer among the checks takes half of the time, and the tests' own sources as long again: tests/long.sh has both.
# Without the analyzer clang's own warnings would count, too (-w): those of the build are the compiler's that builds.
run_clang_tidy() {
    begin "clang-tidy"
    tidy=$(command -v clang-tidy-14 || command -v clang-tidy) || give_up clang-tidy
    find kernels probes daemon tests/drivers \( -name '*.cpp' -o -name '*.c' \) -print | sort >build/tidy.files
    # Only what the build compiles: a file without a compile command would be read without its flags.
    grep -Fof build/tidy.files build/release/compile_commands.json | sort -u >build/tidy.compiled
    if xargs -P "$jobs" -n 1 "$tidy" --quiet "--checks=-clang-analyzer-*" --extra-arg=-w -p build/release <build/tidy.compiled >build/tidy.log 2>build/tidy.errors; then
        passed=$((passed + 1))
    else
        grep -E 'error:|warning:' build/tidy.log || tail -n 20 build/tidy.errors
        failed=$((failed + 1))
        broken="$broken clang-tidy"
    fi
    end
}

mkdir -p build
begin "packages"
sh packaging/dependencies.sh build run test || give_up packages
end

build release -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_EXPORT_COMPILE_COMMANDS=ON
run_tests release

if [ "${JETCUDA_CI:-0}" = 1 ]; then
    build sanitize -DCMAKE_BUILD_TYPE=Debug -DJETCUDA_SANITIZE=ON
    # Fetched once is enough.
    if [ -d build/release/tests/drivers/real-libcuda ] && [ ! -d build/sanitize/tests/drivers/real-libcuda ]; then
        cp -a build/release/tests/drivers/real-libcuda build/sanitize/tests/drivers/
    fi
    # The container has no libraries of the sanitizers, and style is the same. Pairs, absences and the healthy boards put
    # together what the catalogue and the boards of tests/roots run through the sanitizers one by one.
    run_tests sanitize -E '^style/|^systemd/boot|^faults/pairs|^boards/(works-without|healthy)'
    run_clang_tidy
fi
finish
