#!/usr/bin/env python3
"""The caches of our boards are made by ld_cache_writer.py; here a real ldconfig makes one of the same tree, for x86-64."""

import os
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import elf_writer
import ld_cache_writer


def entries_in(bytes_):
    """(flags, name, path) of the new form, in order."""
    start = bytes_.index(b"glibc-ld.so.cache1.1")
    cache = bytes_[start:]
    text = lambda at: cache[at:cache.index(0, at)].decode()
    count, = struct.unpack_from("<I", cache, 20)
    rows = [struct.unpack_from("<iIIIQ", cache, 48 + 24 * i) for i in range(count)]
    return [(flags, text(key), text(value)) for flags, key, value, _, _ in rows]


def make_tree(root):
    def library(path, soname, machine=elf_writer.X86_64):
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        elf_writer.write_library(target, soname, [], [], b"", 0, machine, False)

    def link(path, target):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).symlink_to(target)

    (root / "etc/ld.so.conf.d").mkdir(parents=True)
    (root / "usr/lib/x86_64-linux-gnu").mkdir(parents=True)
    link("lib", "usr/lib")
    (root / "etc/ld.so.conf").write_text("include /etc/ld.so.conf.d/*.conf\n")
    (root / "etc/ld.so.conf.d/z.conf").write_text("/usr/local/lib\n/nowhere\n")
    (root / "etc/ld.so.conf.d/nvidia-tegra.conf").write_text("# the driver\n/usr/lib/x86_64-linux-gnu/nvidia\n")
    (root / "etc/ld.so.conf.d/x86.conf").write_text("/lib/x86_64-linux-gnu\n/usr/lib/x86_64-linux-gnu/\n")
    driver = "usr/lib/x86_64-linux-gnu/nvidia"
    library(f"{driver}/libcuda.so.1.1", "libcuda.so.1")
    link(f"{driver}/libcuda.so.1", "libcuda.so.1.1")
    link(f"{driver}/libcuda.so", "libcuda.so.1.1")
    link("usr/lib/x86_64-linux-gnu/libcuda.so", "nvidia/libcuda.so")
    library(f"{driver}/libarm.so.1", "libarm.so.1", elf_writer.AARCH64)
    library(f"{driver}/libnvos.so", "libnvos.so")
    library("usr/local/lib/libcuda.so.1", "libcuda.so.1")
    for number in (2, 9, 10, 11):
        library(f"usr/lib/x86_64-linux-gnu/libx.so.{number}.0", f"libx.so.{number}")
        link(f"usr/lib/x86_64-linux-gnu/libx.so.{number}", f"libx.so.{number}.0")
    (root / driver / "libempty.so.1").write_bytes(b"")
    (root / driver / "libtext.so").write_text("INPUT(-lx)\n" * 20)


def main():
    work = Path(tempfile.mkdtemp(prefix="jetcuda-cache-"))
    try:
        make_tree(work)
        ours = [(0x303, *entry) for entry in ld_cache_writer.entries_of(work, elf_writer.X86_64)]
        for form in ("new", "compat"):
            ld_cache_writer.write(work, form, elf_writer.X86_64)
            written = entries_in((work / "etc/ld.so.cache").read_bytes())
            assert written == ours, f"{form}: written and read back differ:\n{written}\n{ours}"
        if os.geteuid() != 0:
            print("skipped the comparison: ldconfig -r needs root")
            return 77
        ldconfig = shutil.which("ldconfig", path="/sbin:/usr/sbin:" + os.environ.get("PATH", ""))
        subprocess.run([ldconfig, "-r", work], check=True, stderr=subprocess.DEVNULL)
        theirs = entries_in((work / "etc/ld.so.cache").read_bytes())
        assert ours == theirs, "ldconfig and we differ:\n  " + "\n  ".join(map(str, theirs)) + "\nours:\n  " + "\n  ".join(map(str, ours))
        print(f"{len(ours)} entries, as ldconfig makes them")
        return 0
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    sys.exit(main())
