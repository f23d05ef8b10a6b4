#!/usr/bin/env python3
"""Lays out the folder that `--driver FILE` is given where a board is a folder, too: the simulated libcuda with the settings
of that board, and beside it what else jetcuda-probe is to load.

    libcuda.so.1.1, simulated_driver.json      the release's own driver
    cuda-libraries/SONAME                      libcudart, cuBLAS, cuDNN … of the board, with simulated_library.json
    compat/CUDA/libcuda.so.1                   the driver of a cuda_compat, with a simulated_driver.json of its own

The libraries are those that lie in the board's folder, each with the version that its file's name carries, or that its package has
where only one can be installed; so a healthy board has a healthy driver. A board's "driver" settings change that: what simulated_driver.json knows (settings.hpp), and

    "libraries": {SONAME: {"version", "faults", …}}    laid over what the board has; null: the file is missing,
                                                       "unloadable": it needs a library that is nowhere, "empty": 0 bytes
    "compat": {CUDA: {…}}                              the settings of that driver; null: it is missing

    simulated_driver.py BOARD FOLDER --simulated build/release/tests/drivers/libcuda.so.1.1
"""

import argparse
import json
import re
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "boards"))
import cuda_libraries
import make_board
from board import PACKAGE_LISTS

LIBRARIES = ("cudart", "cublas", "cublasLt", "cufft", "curand", "cusolver", "cusparse", "nppc", "cudnn", "nvinfer")
LIBRARY = re.compile(rf"lib({'|'.join(LIBRARIES)})\.so\.([0-9.]+)")
# /usr/local/cuda-12.9/compat, …/cuda-13.2/compat_orin, /nix/store/…-cuda_compat-12.9.40580548/compat
COMPAT = re.compile(r"/(?:[^/]*-cuda_compat|cuda)-([0-9]+\.[0-9]+)[0-9.]*/compat(?:_orin)?/libcuda\.so\.[0-9.]+")


def _text_at(board, path):
    return board.read(path) if path in board.entries else ""


def libraries_of(board):
    """{soname: settings} of the CUDA libraries of a board. One without a link of its soname is none that a program finds."""
    packaged = {}
    for path in PACKAGE_LISTS:
        for name, version in re.findall(r"^Package: (.*)\n(?:.+\n)*?Version: (.*)$", _text_at(board, path), re.MULTILINE):
            brings = cuda_libraries.library_of(name, version)
            if brings and not brings[2]:
                packaged[brings[0]] = LIBRARY.fullmatch(brings[1])[2]
    found = {}
    for path, entry in board.entries.items():
        name = LIBRARY.fullmatch(path.rsplit("/", 1)[1])
        if entry.kind == "library" and name:
            soname = entry.value["soname"]
            if f"{path.rsplit('/', 1)[0]}/{soname}" not in board.entries:
                continue
            found[soname] = {"version": packaged.get(soname, name[2])}
    return found


def compats_of(board, driver):
    """{CUDA version: settings} of the cuda_compat folders of a board."""
    found = {}
    for path, entry in board.entries.items():
        folder = COMPAT.search(path)
        if entry.kind == "library" and folder:
            major, minor = folder[1].split(".")
            found[folder[1]] = {"board": driver.get("board", "orin"), "driver_version": int(major) * 1000 + int(minor) * 10}
    return found


def lay_out(folder, simulated, driver, board=None):
    """Makes FOLDER anew; answers the path of the libcuda in it. `board`: whose libraries and compats lie beside it."""
    own = dict(driver)
    libraries = {**(libraries_of(board) if board else {}), **own.pop("libraries", {})}
    compats = {**(compats_of(board, own) if board else {}), **own.pop("compat", {})}
    shutil.rmtree(folder, ignore_errors=True)
    _put_driver(folder / "libcuda.so.1.1", simulated, own)
    for cuda, settings in compats.items():
        if settings is not None:
            _put_driver(folder / "compat" / cuda / "libcuda.so.1", simulated, settings)
    _put_libraries(folder / "cuda-libraries", simulated.parent, libraries)
    return folder / "libcuda.so.1.1"


def _put_driver(path, simulated, settings):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(simulated)
    (path.parent / "simulated_driver.json").write_text(json.dumps(settings))


def _put_libraries(folder, built, libraries):
    folder.mkdir(parents=True)
    for soname, settings in libraries.items():
        if settings == "empty":
            (folder / soname).touch()
        elif settings == "unloadable":
            shutil.copyfile(built / "libsimulated-unloadable.so", folder / soname)
        elif settings is not None:
            # A copy: the loader takes two links to one file for one library.
            kind = "cudart" if soname.startswith("libcudart.") else "library"
            shutil.copyfile(built / f"libsimulated-{kind}.so", folder / soname)
    (folder / "simulated_library.json").write_text(
        json.dumps({soname: settings for soname, settings in libraries.items() if isinstance(settings, dict)}))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("board")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--simulated", type=Path, required=True)
    options = parser.parse_args()
    board = make_board.load(options.board)
    print(lay_out(options.folder, options.simulated.resolve(), board.driver, board))


if __name__ == "__main__":
    main()
