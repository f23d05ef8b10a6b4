"""Writes /etc/ld.so.cache for a board as its own ldconfig would: from its ld.so.conf and its libraries, with absolute links
followed below the board. ldconfig itself cannot be asked: it makes links in the tree and enters only what the machine that
it was built for can load. ld_cache_writer_test.py holds this to a real ldconfig, on x86-64.
"""

import fnmatch
import functools
import mmap
import os
import re
import struct
from pathlib import Path

FLAGS = {183: 0x0A03, 62: 0x0303}  # glibc's, 64-bit: aarch64, x86-64
TRIPLETS = {183: "aarch64-linux-gnu", 62: "x86_64-linux-gnu"}
LINKS = 40


def resolved(root, path, links=0):
    """The real path inside the root, or None."""
    done = ""
    parts = [part for part in path.split("/") if part and part != "."]
    while parts:
        part = parts.pop(0)
        if part == "..":
            done = done.rpartition("/")[0]
            continue
        here = root + done + "/" + part
        if os.path.islink(here):
            links += 1
            if links > LINKS:
                return None
            target = os.readlink(here)
            if target.startswith("/"):
                done = ""
            parts = [part for part in target.split("/") if part and part != "."] + parts
        elif os.path.lexists(here):
            done += "/" + part
        else:
            return None
    return done or "/"


def soname_of(file):
    """(machine, SONAME or None) of a 64-bit shared library, or None."""
    if file.stat().st_size < 64:
        return None
    # A libcuda has tens of megabytes, and what is asked of it is in a few pages.
    with open(file, "rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as bytes_:
        return _soname_in(bytes_)


def _soname_in(bytes_):
    if bytes_[:6] != b"\177ELF\2\1" or struct.unpack_from("<H", bytes_, 16)[0] != 3:
        return None
    machine, = struct.unpack_from("<H", bytes_, 18)
    table, = struct.unpack_from("<Q", bytes_, 32)
    count, = struct.unpack_from("<H", bytes_, 56)
    segments = [struct.unpack_from("<IIQQQQ", bytes_, table + 56 * i) for i in range(count)]
    for kind, _, offset, _, _, size in segments:
        if kind != 2:
            continue
        entries = dict(reversed([struct.unpack_from("<QQ", bytes_, at) for at in range(offset, offset + size, 16)]))
        if 14 not in entries:
            return machine, None
        address = entries[5]
        strings = next(o + address - a for k, _, o, a, _, s in segments if k == 1 and a <= address < a + s)
        start = strings + entries[14]
        return machine, bytes_[start:bytes_.find(b"\0", start)].decode()
    return None


def configured(root):
    """The folders that ld.so.conf and its includes name."""
    folders, seen = [], set()

    def include(pattern, base):
        pattern = pattern if pattern.startswith("/") else os.path.join(os.path.dirname(base), pattern)
        folder, name = os.path.split(pattern)
        real = resolved(root, folder)
        if real is None:
            return
        for entry in sorted(os.listdir(root + real)):
            if fnmatch.fnmatchcase(entry, name) and not entry.startswith("."):
                read(f"{folder}/{entry}")

    def read(path):
        real = resolved(root, path)
        if real is None or path in seen:
            return
        seen.add(path)
        for line in Path(root + real).read_text().splitlines():
            line = line.split("#")[0].strip()
            if re.match(r"include\s", line):
                for pattern in line.split()[1:]:
                    include(pattern, path)
            elif line and not re.match(r"(?i)hwcap\s", line):
                folders.append(line.rstrip("/") or "/")

    read("/etc/ld.so.conf")
    return folders


def compare_names(left, right):
    """As the loader compares: runs of digits as numbers, and above every other character."""
    left, right = ([int(part) if part.isdigit() else part for part in re.findall(r"\d+|\D", name)] for name in (left, right))
    for mine, theirs in zip(left, right):
        if mine == theirs:
            continue
        if isinstance(mine, int) != isinstance(theirs, int):
            return 1 if isinstance(mine, int) else -1
        return -1 if mine < theirs else 1
    return len(left) - len(right)


def entries_of(root, machine):
    """(name, path) in the order of the cache."""
    root = str(root).rstrip("/")
    triplet = TRIPLETS[machine]
    found, done = [], set()
    for folder in [*configured(root), f"/lib/{triplet}", f"/usr/lib/{triplet}", "/lib", "/usr/lib"]:
        real = resolved(root, folder)
        if real is None or real in done or not os.path.isdir(root + real):
            continue
        done.add(real)
        here = {}
        for name in sorted(os.listdir(root + real)):
            if not (name.startswith("lib") and ".so" in name or name.startswith("ld-")):
                continue
            target = resolved(root, f"{real}/{name}")
            if target is None or not os.path.isfile(root + target):
                continue
            known = soname_of(Path(root + target))
            if known is None or known[0] != machine:
                continue
            soname = known[1] or name
            # A link keeps its name where it is the SONAME, or the one to link programs against ("libcuda.so").
            is_link = os.path.islink(f"{root}{real}/{name}")
            if is_link and (name == soname or name.endswith(".so") and soname.startswith(name)):
                soname = name
            here[soname] = f"{folder}/{soname}"
        found += here.items()
    # Stable: what is equal by name stays in the order of the folders.
    return sorted(found, key=functools.cmp_to_key(lambda left, right: compare_names(right[0], left[0])))


def new_form(entries, machine):
    texts_at, texts, table = 48 + 24 * len(entries), b"", b""
    for name, path in entries:
        key = texts_at + len(texts)
        texts += name.encode() + b"\0"
        value = texts_at + len(texts)
        texts += path.encode() + b"\0"
        table += struct.pack("<iIIIQ", FLAGS[machine], key, value, 0, 0)
    return struct.pack("<20sIIB3xIIII", b"glibc-ld.so.cache1.1", len(entries), len(texts), 2, 0, 0, 0, 0) + table + texts


def compat_form(entries, machine):
    """As ldconfig wrote it up to glibc 2.31: a table of the old form stands before the new one."""
    behind = new_form(entries, machine)
    padding = -(16 + 12 * len(entries)) % 8
    table = b""
    for name, path in entries:
        key = padding + behind.index(name.encode() + b"\0" + path.encode() + b"\0")
        table += struct.pack("<iII", FLAGS[machine], key, key + len(name) + 1)
    return struct.pack("<11sxI", b"ld.so-1.7.0", len(entries)) + table + bytes(padding) + behind


def write(root, form, machine=183):
    """`form`: "new" (glibc 2.32 and later) or "compat"."""
    entries = entries_of(root, machine)
    cache = {"new": new_form, "compat": compat_form}[form](entries, machine)
    (Path(root) / "etc/ld.so.cache").write_bytes(cache)
