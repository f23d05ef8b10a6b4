"""ELF files that hold what jetcuda-check reads of a real one, and nothing else: a shared library with its
SONAME, NEEDED list, exported functions and build id, and a kernel module with its .modinfo. No byte comes
from NVIDIA; the functions are never run. Made here instead of kept as blobs, so that a reader can see what is in them.
"""

import hashlib
import struct

AARCH64, X86_64 = 183, 62
PAGE = 0x1000

# What the driver API exports that jetcuda-probe or a stub test may look for.
DRIVER_FUNCTIONS = [
    "cuInit", "cuDriverGetVersion", "cuDeviceGetCount", "cuDeviceGet", "cuDeviceGetName", "cuDeviceGetAttribute",
    "cuDeviceTotalMem_v2", "cuCtxCreate_v2", "cuCtxDestroy_v2", "cuDevicePrimaryCtxRetain",
    "cuDevicePrimaryCtxRelease_v2", "cuModuleLoadData", "cuModuleGetFunction", "cuLaunchKernel", "cuMemAlloc_v2",
    "cuMemFree_v2", "cuMemcpyDtoH_v2", "cuMemcpyHtoD_v2", "cuGetErrorName", "cuGetErrorString",
    "cuGetProcAddress_v2",
]

# The toolkit's stub: each function is `mov w0, #34; ret` (CUDA_ERROR_STUB_LIBRARY).
STUB_CODE = {AARCH64: struct.pack("<II", 0x52800440, 0xD65F03C0), X86_64: b"\xb8\x22\x00\x00\x00\xc3\x90\x90"}


def build_id_of(words):
    """A build id that is the same on every machine and could belong to nobody's file: the SHA-1 of some words."""
    return hashlib.sha1(words.encode()).digest()


def build_id_note(build_id):
    return struct.pack("<III4s", 4, len(build_id), 3, b"GNU\0") + build_id


def compat_note(payload, claims=None):
    """What the section .note.cuda.fwd_compatibility holds (NVIDIA container toolkit, cuda-elf-header.go): an ELF note, its
    fields padded to 4 bytes. `claims` is the length that it gives its payload, where that is not the true one."""
    owner, content = b"NVIDIA Corporation\0", payload.encode()
    padded = [part + bytes(-len(part) % 4) for part in (owner, content)]
    return struct.pack("<III", len(owner), len(content) if claims is None else claims, 1) + b"".join(padded)


def elf_hash(name):
    """The System V hash of DT_HASH."""
    value = 0
    for byte in name.encode():
        value = (value << 4) + byte
        high = value & 0xF0000000
        if high:
            value ^= high >> 24
        value &= ~high & 0xFFFFFFFF
    return value


class Strings:
    """A string table; each text is in it once."""

    def __init__(self):
        self.bytes = b"\0"
        self.offsets = {"": 0}

    def add(self, text):
        if text not in self.offsets:
            self.offsets[text] = len(self.bytes)
            self.bytes += text.encode() + b"\0"
        return self.offsets[text]


def aligned(offset, alignment):
    return (offset + alignment - 1) // alignment * alignment


class Section:
    def __init__(self, name, kind, flags, content=b"", align=8, link="", info=0, entry=0, size=None):
        self.name, self.kind, self.flags, self.content, self.align = name, kind, flags, content, align
        self.link, self.info, self.entry = link, info, entry
        self.size = len(content) if size is None else size
        self.offset = 0


def write_elf(path, machine, elf_type, sections, segments):
    """Writes sections at the offsets they already have, then the section headers. Bytes between stay a hole."""
    names = Strings()
    for section in sections:
        names.add(section.name)
    end = max(section.offset + section.size for section in sections)
    table = Section(".shstrtab", 3, 0, b"", 1)
    names.add(table.name)
    table.content, table.size, table.offset = names.bytes, len(names.bytes), end
    sections = sections + [table]
    index = {section.name: number + 1 for number, section in enumerate(sections)}
    headers_at = aligned(end + table.size, 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01" + bytes(9), elf_type, machine, 1, 0,
                               64 if segments else 0, headers_at, 0, 64, 56 if segments else 0, len(segments),
                               64, len(sections) + 1, len(sections)))
        for kind, flags, offset, size, align in segments:
            file.write(struct.pack("<IIQQQQQQ", kind, flags, offset, offset, offset, size, size, align))
        for section in sections:
            file.seek(section.offset)
            file.write(section.content)
        file.seek(headers_at)
        file.write(bytes(64))
        for section in sections:
            address = section.offset if section.flags & 2 and elf_type == 3 else 0
            file.write(struct.pack("<IIQQQQIIQQ", names.offsets[section.name], section.kind, section.flags, address,
                                   section.offset, section.size, index.get(section.link, 0), section.info,
                                   section.align, section.entry))


def fat_binary(*images):
    """A container of device code as nvcc lays it out (probes/elf/fatbin.hpp). Each image: kind (1 PTX, 2 cubin), sm, major
    and minor (of the PTX ISA; of a cubin 1 and its ABI), payload."""
    entries = b""
    for kind, sm, major, minor, payload in images:
        payload += bytes(-len(payload) % 8)
        entry = bytearray(64)
        struct.pack_into("<HHIQ", entry, 0, kind, 0x0101, len(entry), len(payload))
        struct.pack_into("<HHI", entry, 24, minor, major, sm)
        struct.pack_into("<Q", entry, 40, 0x11)
        entries += bytes(entry) + payload
    return struct.pack("<IHHQ", 0xBA55ED50, 1, 16, len(entries)) + entries


def cubin(sm, abi=7):
    """Machine code for one GPU, as far as its header and its sections tell (probes/elf/cubin.hpp): one kernel that nothing can
    run. ABI 8 came with CUDA 13, and with sm_100 before that."""
    code, names = b"\x18" * 128, b"\0.text.kernel\0.shstrtab\0"
    table = aligned(64 + len(code) + len(names), 8)
    flags = 0x500 | sm << 16 | sm if abi == 7 else 0x6000004 | sm << 8
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01" + bytes([0x33 if abi == 7 else 0x41, abi]), 2, 190, 1, 0, 0,
                         table, flags, 64, 0, 0, 64, 3, 2)
    sections = bytes(64)
    for name, kind, loaded, offset, size in ((1, 1, 6, 64, len(code)), (14, 3, 0, 64 + len(code), len(names))):
        sections += struct.pack("<IIQQQQIIQQ", name, kind, loaded, 0, offset, size, 0, 0, 1, 0)
    return (header + code + names).ljust(table, b"\0") + sections


def device_code(containers):
    """Fat binaries of images that are named "sm_87", "sm_87 of CUDA 13" or "compute_87 of ISA 8.5"."""
    code = b""
    for container in containers:
        images = []
        for name in container:
            arch, _, of = name.partition(" of ")
            kind, _, sm = arch.partition("_")
            if kind == "compute":
                major, minor = map(int, of.removeprefix("ISA ").split("."))
                images.append((1, int(sm), major, minor, f".version {major}.{minor}\n.target sm_{sm}\n".encode()))
            else:
                abi = 8 if of or int(sm) >= 100 else 7
                images.append((2, int(sm), 1, abi, cubin(int(sm), abi)))
        code += fat_binary(*images)
    return code


def write_library(path, soname, needed=(), functions=(), build_id=b"", size=0, machine=AARCH64, stub=False, runpath="",
                  compat_note=b"", device_code=b""):
    """A shared library. `size` is reached by a hole where a real driver has its read-only data. `device_code`: fat
    binaries, one behind the other."""
    strings = Strings()
    tags = [(1, strings.add(name)) for name in needed] + [(14, strings.add(soname))]
    if runpath:
        tags.append((29, strings.add(runpath)))
    for name in functions:
        strings.add(name)
    code = STUB_CODE[machine] if stub else bytes(512)

    buckets, chains = [0] * 17, [0] * (len(functions) + 1)
    for number, name in enumerate(functions, 1):
        slot = elf_hash(name) % len(buckets)
        chains[number], buckets[slot] = buckets[slot], number
    hash_table = struct.pack("<II", len(buckets), len(chains)) + struct.pack(f"<{len(buckets)}I", *buckets) \
        + struct.pack(f"<{len(chains)}I", *chains)

    note = Section(".note.gnu.build-id", 7, 2, build_id_note(build_id) if build_id else b"", 4)
    hashes = Section(".hash", 5, 2, hash_table, 8, ".dynsym", 0, 4)
    symbols = Section(".dynsym", 11, 2, bytes(24 * (len(functions) + 1)), 8, ".dynstr", 1, 24)
    texts = Section(".dynstr", 3, 2, strings.bytes, 1)
    text = Section(".text", 1, 6, code * max(1, len(functions)), 16)
    data = Section(".rodata", 1, 2, b"", 16)
    dynamic = Section(".dynamic", 6, 3, bytes(16 * (len(tags) + 6)), 8, ".dynstr", 0, 16)
    sections = [note, hashes, symbols, texts, text, data, dynamic] if build_id else \
        [hashes, symbols, texts, text, data, dynamic]
    if compat_note:
        sections.insert(0, Section(".note.cuda.fwd_compatibility", 7, 2, compat_note, 4))

    if device_code:
        sections.insert(0, Section(".nv_fatbin", 1, 2, device_code, 8))

    at = 64 + 56 * 4
    for section in sections:
        if section is data:
            section.offset = aligned(at, 16)
            section.size = max(0, size - section.offset - 2 * PAGE)
        else:
            section.offset = aligned(at, PAGE if section is dynamic else section.align)
        at = section.offset + section.size

    text_index = sections.index(text) + 1
    symbols.content = bytes(24) + b"".join(
        struct.pack("<IBBHQQ", strings.offsets[name], 0x12, 0, text_index, text.offset + number * len(code), len(code))
        for number, name in enumerate(functions))
    tags += [(4, hashes.offset), (5, texts.offset), (6, symbols.offset), (10, len(strings.bytes)), (11, 24), (0, 0)]
    dynamic.content = b"".join(struct.pack("<QQ", tag, value) for tag, value in tags)

    readable = data.offset + data.size
    segments = [(1, 5, 0, readable, PAGE), (1, 6, dynamic.offset, dynamic.size, PAGE),
                (2, 6, dynamic.offset, dynamic.size, 8)]
    if build_id:
        segments.append((4, 4, note.offset, note.size, 4))
    write_elf(path, machine, 3, sections, segments)


def write_module(path, modinfo, build_id=b"", machine=AARCH64):
    """A kernel module: relocatable, with .modinfo as `key=value` texts."""
    fields = b"".join(f"{key}={value}\0".encode() for key, value in modinfo)
    sections = [
        Section(".note.gnu.build-id", 7, 2, build_id_note(build_id), 4),
        Section(".text", 1, 6, bytes(64), 4),
        Section(".modinfo", 1, 2, fields, 1),
        Section(".gnu.linkonce.this_module", 1, 3, bytes(64), 64),
        Section(".symtab", 2, 0, bytes(24), 8, ".strtab", 1, 24),
        Section(".strtab", 3, 0, b"\0", 1),
    ]
    if not build_id:
        del sections[0]
    at = 64
    for section in sections:
        section.offset = aligned(at, section.align)
        at = section.offset + section.size
    write_elf(path, machine, 1, sections, [])
