#!/bin/sh
# Prints what it costs to look into large libraries, beside `cat` and cuobjdump; asserts nothing, since times depend on the
# machine. Needs a quiet one.
#
#   sh tests/bench/inspect.sh [BUILD]      BUILD is a build folder (default: build/release)
#
# The libraries are Debian's of CUDA 11.8 (about 260 MB to fetch, once, into build/real-files; nothing is installed) and those of
# CUDA 13 below /usr/local/cuda, where it is installed; cuobjdump is that of the matching release, CUDA 13's from PyPI.
#
# What is aimed at, warm: a quarter of cat's time on the two libcublasLt and half of it on the others, the whole CUDA 13 folder in
# 0.8 s, 400 times faster than cuobjdump on libcublasLt.so.11, less than 16 MB of memory; cold: 1.5 times cat's.
set -eu
cd "$(dirname "$0")/../.."
files=build/real-files
mkdir -p "$files"
for package in libcublaslt11 libcusparse11 nvidia-cuda-toolkit; do
    [ -e "$files/$package" ] || sh tests/harness/unpack_nonfree.sh "$package" "$files/$package"
done
if [ ! -e "$files/cuobjdump-13" ]; then
    # pip unpacks a wheel; with --target it installs nothing into the system.
    python3 -m pip install --quiet --no-deps --only-binary=:all: --target "$files/cuobjdump-13.new" nvidia-cuda-cuobjdump
    mv "$files/cuobjdump-13.new" "$files/cuobjdump-13"
fi
exec /usr/bin/python3 tests/bench/inspect.py "${1:-build/release}" "$files"
