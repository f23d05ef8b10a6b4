#!/usr/bin/env python3
"""Makes a board: copies tests/roots/BOARD/root to OUT and adds what a repository cannot hold.

    make_root.py BOARD OUT

BOARD is a folder beside this script, or a path. Its `generated.json` lists what is made (all keys are optional):

    "base":      another board that is made first; this one is laid over it
    "remove":    paths to take away from the base
    "libraries": {path: {"soname", "needed", "functions": "driver"|[…], "build_id_of", "size", "stub", "machine"}}
    "modules":   {path: {"modinfo": [[key, value], …], "build_id_of"}}; a path ending in .xz or .gz is compressed
    "notes":     {path: words}: a file that holds just the build-id note that a module made of these words has
    "append":    {path: [line, …]}: lines put behind those of a text file of the base
    "strings":   {path: [text, …]}: texts that each end with a NUL, as a device tree holds them
    "links":     {path: target}, "empty": [paths of zero-length files], "dirs": [paths]
    "ld_cache":  "new" or "compat": /etc/ld.so.cache as the board's ldconfig makes it of all that (ld_cache_writer.py)

Build ids are hashes of the words given; no byte of a driver is copied from anywhere. A file made twice is the same.
"""

import gzip
import json
import lzma
import os
import shutil
import sys
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import elf_writer
import ld_cache_writer

HERE = Path(__file__).resolve().parent


def place(out, path):
    """The file below OUT for a path of the board. A link on the way would lead out of OUT, so there may be none."""
    target = out
    for part in Path(path.lstrip("/")).parts[:-1]:
        target = target / part
        if target.is_symlink():
            sys.exit(f"{path}: {target} is a link; name the folder that it leads to")
        target.mkdir(exist_ok=True)
    return target / Path(path).name


def make_library(target, spec):
    functions = elf_writer.DRIVER_FUNCTIONS if spec.get("functions") == "driver" else spec.get("functions", [])
    elf_writer.write_library(
        target, spec["soname"], spec.get("needed", []), functions,
        elf_writer.build_id_of(spec["build_id_of"]) if "build_id_of" in spec else b"", spec.get("size", 0),
        {"aarch64": elf_writer.AARCH64, "x86_64": elf_writer.X86_64}[spec.get("machine", "aarch64")],
        spec.get("stub", False))


def make_module(target, spec):
    plain = target.with_name(target.name + ".plain")
    elf_writer.write_module(plain, spec["modinfo"],
                            elf_writer.build_id_of(spec["build_id_of"]) if "build_id_of" in spec else b"")
    content = plain.read_bytes()
    plain.unlink()
    if target.suffix == ".xz":
        content = lzma.compress(content, check=lzma.CHECK_CRC32)
    elif target.suffix == ".gz":
        content = gzip.compress(content, mtime=0)
    target.write_bytes(content)


def copy_tree(source, out):
    for folder, _, files in os.walk(source):
        inside = os.path.relpath(folder, source)
        for name in files:
            shutil.copyfile(Path(folder) / name, place(out, str(Path("/", inside, name))))


def remove(out, path):
    target = place(out, path)
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    elif target.is_symlink() or target.exists():
        target.unlink()
    else:
        sys.exit(f"{path}: the base board has no such file")


def make(board, out):
    folder = board if (board / "root").is_dir() or (board / "generated.json").is_file() else HERE / board
    if not folder.is_dir():
        names = ", ".join(sorted(entry.name for entry in HERE.iterdir() if (entry / "generated.json").is_file()))
        sys.exit(f"{board}: no such board; there are: {names}")
    spec_file = folder / "generated.json"
    spec = json.loads(spec_file.read_text()) if spec_file.is_file() else {}
    out.mkdir(parents=True, exist_ok=True)
    if "base" in spec:
        make(Path(spec["base"]), out)
    for path in spec.get("remove", []):
        remove(out, path)
    if (folder / "root").is_dir():
        copy_tree(folder / "root", out)
    for path in spec.get("dirs", []):
        place(out, path + "/.").mkdir(exist_ok=True)
    for path, library in spec.get("libraries", {}).items():
        make_library(place(out, path), library)
    for path, module in spec.get("modules", {}).items():
        make_module(place(out, path), module)
    for path, words in spec.get("notes", {}).items():
        place(out, path).write_bytes(elf_writer.build_id_note(elf_writer.build_id_of(words)))
    for path, texts in spec.get("strings", {}).items():
        place(out, path).write_bytes(b"".join(text.encode() + b"\0" for text in texts))
    for path, lines in spec.get("append", {}).items():
        file = place(out, path)
        file.write_text(file.read_text() + "\n".join(lines) + "\n")
    for path in spec.get("empty", []):
        place(out, path).write_bytes(b"")
    # Last: a folder that is a link on the board ("/lib") must not be walked through while files are made.
    for path, target in spec.get("links", {}).items():
        link = place(out, path)
        if link.is_symlink():
            link.unlink()
        link.symlink_to(target)
    if "ld_cache" in spec:
        ld_cache_writer.write(out, spec["ld_cache"])


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: make_root.py BOARD OUT\n" + __doc__)
    out = Path(sys.argv[2])
    if out.exists() and any(out.iterdir()):
        sys.exit(f"{out} is there already and not empty; name a new folder")
    make(Path(sys.argv[1]), out)


if __name__ == "__main__":
    main()
