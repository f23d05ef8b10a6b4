#!/bin/sh
# Makes the images of the probe kernels anew, from kernels/*.cu into kernels/images/: PTX by clang 14, which needs no
# CUDA for it, and of that the cubins: for sm_72 and sm_87 by ptxas of CUDA 11.8, whose cubins every driver since
# JetPack 5 reads, and for sm_110 by ptxas of CUDA 13.0, the first that knows it.
#
#   rebuild.sh [--check] PTXAS_11_8 PTXAS_13_0
#
# images/PROVENANCE.json then says what made them, of which sources. With --check nothing is written: all of it is made
# in a folder of its own and compared byte for byte with what is in the tree, and a difference is an error.
# tests/kernels/fetch_assemblers.sh gets the two assemblers.

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
"$1" --version 2>/dev/null | grep -q 'V11\.8\.89$' || fail "$1 is not ptxas V11.8.89."
"$2" --version 2>/dev/null | grep -q 'V13\.0\.88$' || fail "$2 is not ptxas V13.0.88."
command -v clang-14 >/dev/null || fail "clang-14 is missing; sh packaging/dependencies.sh test names its package."
top=$(cd "$(dirname "$0")/.." && pwd)
kept=$top/kernels/images

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
images=$work/images
mkdir "$images" "$work/11.8" "$work/13.0"
# An assembler writes the name that it was called by into the cubin.
old_ptxas=$work/11.8/ptxas
new_ptxas=$work/13.0/ptxas
ln -s "$(realpath "$1")" "$old_ptxas"
ln -s "$(realpath "$2")" "$new_ptxas"

# Nothing is fused that is not written so, or floats' twin would round otherwise. No CUDA installation is looked for: the
# PTX must not depend on what this machine has.
clang_flags="-x cuda -std=c++20 -nocudainc -nocudalib --cuda-path=/nonexistent --cuda-device-only --cuda-gpu-arch=sm_72"
clang_flags="$clang_flags -Xclang -target-feature -Xclang +ptx63 -O2 -ffp-contract=off"
clang_flags="$clang_flags -Wall -Wextra -Werror -Wno-unused-const-variable -I."

assemble() { # PTXAS ARCHITECTURE NAME
    "$1" -arch "$2" "$images/$3.ptx" -o "$images/$3.$2.cubin" || fail "$1 refused $3.ptx for $2."
}

cd "$top"
for source in kernels/*.cu; do
    name=$(basename "$source" .cu)
    # shellcheck disable=SC2086  # flags are words
    clang-14 $clang_flags -S "$source" -o "$work/$name.raw" || fail "clang refused $source."
    # What only speaks to people goes: comments, long names of parameters, white space. The pragma keeps assemblers from
    # unrolling what clang did not.
    sed -e 's,[[:blank:]]*//.*,,' -e 's/^\t//' -e 's/[[:blank:]]*$//' -e '/^$/d' -e 's/ *\t/ /g' -e 's/, /,/g' \
        -e "s/${name}_param_/p/g" -e '/^\.address_size/a\.pragma "nounroll";' "$work/$name.raw" >"$images/$name.ptx"
    assemble "$old_ptxas" sm_72 "$name"
    assemble "$old_ptxas" sm_87 "$name"
    assemble "$new_ptxas" sm_110 "$name"
done

sums() { # files, as members of a JSON object
    sha256sum "$@" | sed -e 's/^\([0-9a-f]*\) [ *]\(.*\)$/    "\2": "\1",/' -e '$s/,$//'
}

# Every source that a kernel's PTX is made of, as clang names them.
# shellcheck disable=SC2086
sources=$(clang-14 $clang_flags -MM kernels/*.cu | tr ' \\' '\n\n' | grep '^kernels/' | sort -u)
{
    echo '{'
    echo '  "tools": {'
    echo "    \"ptx\": \"$(clang-14 --version | head -n 1) $clang_flags -S\","
    echo '    "sm_72": "ptxas V11.8.89 -arch sm_72",'
    echo '    "sm_87": "ptxas V11.8.89 -arch sm_87",'
    echo '    "sm_110": "ptxas V13.0.88 -arch sm_110"'
    echo '  },'
    echo '  "sources": {'
    # shellcheck disable=SC2086
    sums $sources
    echo '  },'
    echo '  "images": {'
    (cd "$images" && sums ./*.ptx ./*.cubin | sed 's,"\./,",')
    echo '  }'
    echo '}'
} >"$work/PROVENANCE.json"
mv "$work/PROVENANCE.json" "$images/"

if [ $check = yes ]; then
    diff -r "$images" "$kept" || fail "what is in kernels/images is not what the sources make; see above."
    echo "$(find "$images" -type f | wc -l) files, byte for byte as in kernels/images"
else
    rm -rf "$kept"
    cp -r "$images" "$kept"
fi
