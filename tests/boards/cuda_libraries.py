"""The CUDA libraries of a board: which file a package brings, as far as jetcuda-probe asks it for its version.

Each library's soname is the first number of its own version, and its file is named by all of it: libcufft-12-6 11.2.6.59 brings
libcufft.so.11.2.6.59, which programs know as libcufft.so.11. cuDNN and TensorRT stop after three.

Each carries code for the GPU of its board, as NVIDIA's builds for Jetson do; libnppc and libcudnn carry none, which is why
libraries beside them do.
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


# What stands beside a library whose own file carries no code.
BESIDE = {"libnppc": "libnppig", "libcudnn": "libcudnn_ops"}
SM = {"T194": 72, "T234": 87, "T264": 110}


def code_for(soc, cuda):
    """`cuda`: "12.6". Code of CUDA 13 has another ABI."""
    return [[f"sm_{SM[soc]}" + (" of CUDA 13" if int(cuda.split(".")[0]) >= 13 else "")]]


def put(board, folder, soname, file, code):
    needed = ["libm.so.6", "libc.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1"]
    stem = soname.split(".so.")[0]
    for name in (stem, BESIDE.get(stem)):
        if name is None:
            continue
        this_soname, this_file = (text.replace(stem, name, 1) for text in (soname, file))
        carries = {} if stem == "libcudart" or name in BESIDE else {"gpu_code": code}
        board.library(f"{folder}/{this_file}",
                      {"soname": this_soname, "needed": needed, "build_id_of": f"made up: {this_file}", **carries}, SOURCE)
        board.link(f"{folder}/{this_soname}", this_file, SOURCE)


def put_all(board, packages, toolkit_folder, other_folder, code):
    """The libraries of all packages; [(package, [path, …])]."""
    owned = []
    for package, version in sorted(packages.items()):
        brings = library_of(package, version)
        if brings:
            soname, file, of_toolkit = brings
            folder = toolkit_folder if of_toolkit else other_folder
            put(board, folder, soname, file, code)
            owned.append((package, [f"{folder}/{file}", f"{folder}/{soname}"]))
    return owned
