#!/bin/sh
# Makes the images of the probe kernels anew, from kernels/*.cu into kernels/images/: PTX by clang 14, which needs no
# CUDA for it, and of that the cubins: for sm_72 and sm_87 by ptxas of CUDA 11.8, whose cubins every driver since
# JetPack 5 reads, and for sm_110 by ptxas of CUDA 13.0, the first that knows it.
#
#   rebuild.sh [--check] PTXAS_11_8 PTXAS_13_0
#
# PROVENANCE.json then says what made them, of which sources. With --check nothing is written: the images are made in a
# folder of its own and compared byte for byte with those in the tree, and a difference is an error.
# kernels/fetch_assemblers.sh gets the two assemblers.

set -eu

fail() {
    echo "rebuild.sh: $*" >&2
    exit 1
}

check=no
if [ "${1:-}" = --check ]; then
    check=yes
    shift
fi
[ $# -eq 2 ] || fail "it takes the two assemblers: rebuild.sh [--check] PTXAS_11_8 PTXAS_13_0"
"$1" --version 2>/dev/null | grep -q "release 11\.8" || fail "$1 is no ptxas of CUDA 11.8."
"$2" --version 2>/dev/null | grep -q "release 13\.0" || fail "$2 is no ptxas of CUDA 13.0."
command -v clang++-14 >/dev/null || fail "clang++-14 is missing; sh packaging/dependencies.sh test names the package."
old_ptxas=$1
new_ptxas=$2
top=$(cd "$(dirname "$0")/.." && pwd)
kept=$top/kernels/images

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$work/images"

# What rounds twice or flushes is no IEEE arithmetic: nothing is fused that is not written so. No CUDA installation is
# looked for, or the PTX would depend on what this machine has.
clang_flags="-x cuda -std=c++20 -nocudainc -nocudalib --cuda-path=/nonexistent --cuda-device-only --cuda-gpu-arch=sm_72
    -Xclang -target-feature -Xclang +ptx63 -O2 -ffp-contract=off -Wall -Wextra -Werror
    -Wno-unused-const-variable -S -I."
cd "$top"
for source in kernels/*.cu; do
    name=$(basename "$source" .cu)
    # shellcheck disable=SC2086  # flags are words
    clang++-14 $clang_flags "$source" -o "$work/$name.raw" || fail "clang refused $source."
    # What only speaks to people goes: comments, empty lines. The assemblers would unroll what clang did not.
    sed -e 's,[[:blank:]]*//.*,,' -e 's/[[:blank:]]*$//' -e 's/^\t//' -e 's/ *\t/ /g' -e 's/, /,/g' -e "s/${name}_param_/p/g" -e '/^$/d' -e '/^\.address_size/a\.pragma "nounroll";' "$work/$name.raw" >"$work/images/$name.ptx"
    "$old_ptxas" -arch sm_72 "$work/images/$name.ptx" -o "$work/images/$name.sm_72.cubin" || fail "11.8 refused $name for sm_72."
    "$old_ptxas" -arch sm_87 "$work/images/$name.ptx" -o "$work/images/$name.sm_87.cubin" || fail "11.8 refused $name for sm_87."
    "$new_ptxas" -arch sm_110 "$work/images/$name.ptx" -o "$work/images/$name.sm_110.cubin" || fail "13.0 refused $name for sm_110."
done
if [ $check = yes ]; then
    diff -r --exclude=PROVENANCE.json "$work/images" "$kept"
else
    rm -rf "$kept"
    cp -r "$work/images" "$kept"
fi
