"""Small ELF files that a real loader takes, made quickly: two templates are compiled once, and their names, search
paths and needs are written over long texts that keep room for them in the table of strings."""

import struct
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent / "templates"
NEEDS = 4
ROOM = 480  # bytes for a text
NEEDED, SONAME, RPATH, DEBUG, RUNPATH, FLAGS_1 = 1, 14, 15, 21, 29, 0x6FFFFFFB
IGNORED = 0x6000BEEF  # a tag of nobody; the loader passes over it
NO_DEFAULTS = 0x800
MACHINES = {"x86_64": 62, "aarch64": 183}


def room_for(letter):
    return letter * ROOM


class Templates:
    """Compiled with `compiler`, whose machine is that of the loader under test."""

    def __init__(self, compiler, loader, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._compile(compiler, loader)

    def _compile(self, compiler, loader):
        def run(*words):
            subprocess.run([compiler, "-nostdlib", "-O1", "-fno-stack-protector", "-fPIC", *map(str, words)], check=True)

        libraries = []
        for number in range(NEEDS):
            need = self.folder / f"need{number}.so"
            run("-shared", f"-Wl,-soname,{room_for('PQST'[number])}", "-o", need, "-x", "c", "/dev/null")
            libraries.append(need)
        for name in ("c", "dl"):
            run("-shared", f"-Wl,-soname,lib{name}.so.{6 if name == 'c' else 2}", "-o", self.folder / f"lib{name}.so",
                HERE / "c_library.c")
        common = ["-Wl,--no-as-needed", f"-Wl,-rpath,{room_for('R')}", "-Wl,--enable-new-dtags", "-Wl,--hash-style=both",
                  "-Wl,-z,noseparate-code", "-Wl,--build-id=none"]
        libc = [self.folder / "libc.so", self.folder / "libdl.so"]
        run("-shared", f"-Wl,-soname,{room_for('S')}U", "-Wl,-z,nodefaultlib", *common, "-o", self.folder / "library",
            HERE / "library.c", *libraries, "-Wl,--allow-shlib-undefined", "-Wl,-z,lazy")
        run("-pie", "-fPIE", f"-Wl,-dynamic-linker,{loader}", "-Wl,-z,nodefaultlib", *common, "-o", self.folder / "program",
            HERE / "program.c", *libraries, *libc, "-Wl,-z,lazy")
        self.library = (self.folder / "library").read_bytes()
        self.program = (self.folder / "program").read_bytes()

    def make_library(self, soname=None, **words):
        return patched(self.library, soname, **words)

    def make_program(self, **words):
        return patched(self.program, None, **words)


def patched(template, soname, needed=(), rpath=None, runpath=None, no_defaults=False):
    bytes_ = bytearray(template)
    offset, size = dynamic_place(bytes_)
    strings = string_table(bytes_, offset, size)

    def overwrite(at, text):
        raw = text.encode() + b"\0"
        assert len(raw) <= ROOM, text
        bytes_[strings + at:strings + at + len(raw)] = raw

    needs = list(needed)
    both = rpath if runpath is not None else None  # the loader has to pass over it
    for at in range(offset, offset + size, 16):
        tag, value = struct.unpack_from("<QQ", bytes_, at)
        if tag == 0:
            break
        text = bytes(bytes_[strings + value:strings + value + ROOM]) if tag in (NEEDED, SONAME, RPATH, RUNPATH) else b""
        if tag == NEEDED and text[:1] in b"PQST" and text[:1] * ROOM == text:
            if needs:
                overwrite(value, needs.pop(0))
            elif both:
                overwrite(value, both)
                both, tag = None, RPATH
            else:
                tag = IGNORED
        elif tag == SONAME:
            if soname is None:
                tag = IGNORED
            else:
                overwrite(value, soname)
        elif tag == RUNPATH:
            if runpath is None and rpath is None:
                tag = IGNORED
            else:
                overwrite(value, runpath if runpath is not None else rpath)
                tag = RUNPATH if runpath is not None else RPATH
        elif tag == FLAGS_1:
            value = value if no_defaults else value & ~NO_DEFAULTS
        struct.pack_into("<QQ", bytes_, at, tag, value)
    assert not needs, needed
    return bytes(bytes_)


def dynamic_place(bytes_):
    table, = struct.unpack_from("<Q", bytes_, 32)
    count, = struct.unpack_from("<H", bytes_, 56)
    for i in range(count):
        kind, _, offset, _, _, size = struct.unpack_from("<IIQQQQ", bytes_, table + 56 * i)
        if kind == 2:
            return offset, size
    raise AssertionError("no dynamic segment")


def string_table(bytes_, offset, size):
    """The file offset of the dynamic strings; with one text segment, address and offset are the same there."""
    for at in range(offset, offset + size, 16):
        tag, value = struct.unpack_from("<QQ", bytes_, at)
        if tag == 5:
            return value
    raise AssertionError("no table of strings")


def for_machine(bytes_, machine):
    changed = bytearray(bytes_)
    struct.pack_into("<H", changed, 18, machine)
    return bytes(changed)


def of_class_32(bytes_):
    return bytes_[:4] + b"\1" + bytes_[5:]
