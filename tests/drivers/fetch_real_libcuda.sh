#!/bin/sh
# Fetches a real libcuda to ask: Debian's package libcuda1, of its component non-free. It needs no GPU to be opened,
# and none to be unpacked; nothing is installed, and no setting of this machine is changed.
#
#   fetch_real_libcuda.sh FOLDER
#
# leaves FOLDER/libcuda.so.1, a link to the library, and FOLDER/version, the package's version. Where they are already,
# nothing is done.

set -eu

fail() {
    echo "fetch_real_libcuda.sh: $*" >&2
    exit 1
}

[ $# -eq 1 ] || fail "it takes one argument, the folder to put the library into."
tests=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
[ -e "$folder/libcuda.so.1" ] && [ -s "$folder/version" ] && exit 0

work=$(mktemp -d "$folder/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
"$tests/harness/unpack_nonfree.sh" libcuda1 "$work/tree"
library=$(find "$work/tree" -type f -name 'libcuda.so.*' | head -n 1)
[ -n "$library" ] || fail "there is no libcuda.so.* in libcuda1 $(cat "$work/tree/version")."

mv "$library" "$folder/"
ln -sf "$(basename "$library")" "$folder/libcuda.so.1"
mv "$work/tree/version" "$folder/version"
echo "libcuda1 $(cat "$folder/version")"
