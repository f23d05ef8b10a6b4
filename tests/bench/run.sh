#!/bin/sh
# Prints what it costs to ask; asserts nothing, since times depend on the machine.
#
#   sh tests/bench/run.sh [BUILD]      BUILD is a build folder with tests (default: build/release)
#
# A static run on a board, a run with a driver (Debian's real libcuda where it was fetched, which finds no GPU here), and the
# memory of the idle daemon on a bus of its own.
set -eu
cd "$(dirname "$0")/../.."
exec /usr/bin/python3 tests/bench/measure.py "${1:-build/release}"
