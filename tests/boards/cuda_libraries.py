"""The CUDA libraries of a board: which file a package brings, as far as jetcuda-probe asks it for its version.

Each library's soname is the first number of its own version, and its file is named by all of it: libcufft-12-6 11.2.6.59 brings
libcufft.so.11.2.6.59, which programs know as libcufft.so.11. cuDNN and TensorRT stop after three.
"""

import re

# Of Debian packages, of parts in the Nix store and of recipes of OpenEmbedded: names without version. Debian's "tensorrt" brings
# other packages alone.
TOOLKIT = {"libcublas": "libcublas", "libcufft": "libcufft", "libcurand": "libcurand", "libcusolver": "libcusolver",
           "libcusparse": "libcusparse", "libnpp": "libnppc"}
OTHERS = {"cudnn": "libcudnn", "libcudnn": "libcudnn", "libnvinfer": "libnvinfer", "tensorrt-core": "libnvinfer"}
SOURCE = ("releases of CUDA, cuDNN and TensorRT: sonames and names of files follow the versions; made up: the library's content")


def library_of(package, version):
    """(soname, file, whether it is of the toolkit) of a runtime package; None: none that is asked."""
    name = re.sub(r"(-\d+-\d+|\d+(-cuda-\d+)?)$", "", package)
    stem = TOOLKIT.get(name) or OTHERS.get(name)
    number = re.match(r"[0-9.]+", version)
    if stem is None or not number:
        return None
    parts = number[0].split(".")[:4 if name in TOOLKIT else 3]
    return f"{stem}.so.{parts[0]}", f"{stem}.so.{'.'.join(parts)}", name in TOOLKIT


def put(board, folder, soname, file):
    needed = ["libm.so.6", "libc.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1"]
    board.library(f"{folder}/{file}", {"soname": soname, "needed": needed, "build_id_of": f"made up: {file}"}, SOURCE)
    board.link(f"{folder}/{soname}", file, SOURCE)


def put_all(board, packages, toolkit_folder, other_folder):
    """The libraries of all packages; [(package, [path, …])]."""
    owned = []
    for package, version in sorted(packages.items()):
        brings = library_of(package, version)
        if brings:
            soname, file, of_toolkit = brings
            folder = toolkit_folder if of_toolkit else other_folder
            put(board, folder, soname, file)
            owned.append((package, [f"{folder}/{file}", f"{folder}/{soname}"]))
    return owned
