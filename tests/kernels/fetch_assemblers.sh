#!/bin/sh
# Fetches the assemblers that make the kernels' images (kernels/rebuild.sh): ptxas of CUDA 11.8 from Debian's package
# nvidia-cuda-toolkit, of its component non-free, with the disassembler of the same age; ptxas of CUDA 13.0 from this
# machine's toolkit, else from NVIDIA's Python package. Nothing is installed, and no setting of this machine is changed.
#
#   fetch_assemblers.sh FOLDER
#
# leaves FOLDER/11.8/ptxas, FOLDER/11.8/nvdisasm and FOLDER/13.0/ptxas. Where they are already, nothing is done. Other
# builds of the same release may assemble differently, so the very builds are asked for.

set -eu

fail() {
    echo "fetch_assemblers.sh: $*" >&2
    exit 1
}

is_build() { # PROGRAM VERSION
    "$1" --version 2>/dev/null | grep -q "V$2\$"
}

[ $# -eq 1 ] || fail "it takes one argument, the folder to put the assemblers into."
tests=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1/11.8" "$1/13.0"
folder=$(cd "$1" && pwd)
work=$(mktemp -d "$folder/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

if ! is_build "$folder/11.8/ptxas" 11.8.89 || [ ! -e "$folder/11.8/nvdisasm" ]; then
    "$tests/harness/unpack_nonfree.sh" nvidia-cuda-toolkit "$work/toolkit"
    for name in nvdisasm ptxas; do
        found=$(find "$work/toolkit" -type f -name "$name" | head -n 1)
        [ -n "$found" ] || fail "there is no $name in nvidia-cuda-toolkit $(cat "$work/toolkit/version")."
        mv "$found" "$folder/11.8/$name"
    done
    is_build "$folder/11.8/ptxas" 11.8.89 ||
        fail "nvidia-cuda-toolkit $(cat "$work/toolkit/version") has another ptxas than V11.8.89."
fi

if ! is_build "$folder/13.0/ptxas" 13.0.88; then
    for candidate in "$(command -v ptxas || true)" /usr/local/cuda-13.0/bin/ptxas /usr/local/cuda/bin/ptxas; do
        if [ -n "$candidate" ] && is_build "$candidate" 13.0.88; then
            ln -sf "$candidate" "$folder/13.0/ptxas"
            break
        fi
    done
fi
if ! is_build "$folder/13.0/ptxas" 13.0.88; then
    python3 -m pip download --quiet --no-deps --only-binary :all: --dest "$work" nvidia-cuda-nvcc==13.0.88 >"$work/pip.log" 2>&1 || {
        cat "$work/pip.log" >&2
        fail "the Python package nvidia-cuda-nvcc 13.0.88 could not be fetched. See the lines above: is the network there?"
    }
    rm -f "$folder/13.0/ptxas"
    python3 - "$work" "$folder/13.0/ptxas" <<'END'
import pathlib, sys, zipfile
wheel, = pathlib.Path(sys.argv[1]).glob("*.whl")
with zipfile.ZipFile(wheel) as files:
    name, = (name for name in files.namelist() if name.endswith("/bin/ptxas"))
    pathlib.Path(sys.argv[2]).write_bytes(files.read(name))
END
    chmod +x "$folder/13.0/ptxas"
    is_build "$folder/13.0/ptxas" 13.0.88 || fail "the fetched ptxas is not V13.0.88, or does not run here."
fi
