#!/bin/sh
# Prints what it costs to ask; asserts nothing, since times depend on the machine.
#
#   sh tests/bench/run.sh [BUILD]      BUILD is a build folder with tests (default: build/release)
#
# A static run on a board, on one with 3,000 packages and on a NixOS with 5,000 store paths (a static run is meant to take
# less than 60 ms), a run with a driver (the simulated one with the GPU's work, and Debian's real libcuda where it was
# fetched, which finds no GPU here), what jetcuda-probe adds to the time that its library takes to load (meant to be less than
# 15 ms), and the memory of the idle daemon on a bus of its own.
set -eu
cd "$(dirname "$0")/../.."
exec /usr/bin/python3 tests/bench/measure.py "${1:-build/release}"
