#!/usr/bin/env python3
"""Each cubin in kernels/images is for the GPU that its name says, in the layout that this GPU's oldest driver reads, has
the kernel's entry point with the parameters of kernels.hpp, and needs no more registers and shared memory than there are.
Those that a disassembler of CUDA 11.8 can read hold the instructions that the kernel is there to prove.

    cubins_test.py PRINT_KERNELS ASSEMBLERS
"""

import re
import struct
import subprocess
import sys
from pathlib import Path

IMAGES = Path(__file__).resolve().parent.parent.parent / "kernels" / "images"
disassembler = Path(sys.argv[2]) / "11.8" / "nvdisasm"
LAYOUTS = {72: (0x33, 7), 87: (0x33, 7), 110: (0x41, 8)}  # EI_OSABI and EI_ABIVERSION
PARAMETERS = [(0, 8), (8, 8), (16, 4), (20, 4)]  # offset and size: out, in, count, seed
ENTRY_POINT = 0x10  # in a symbol's st_other
REGISTERS_OF_BLOCK, REGISTERS_OF_THREAD, SHARED_OF_BLOCK = 64 * 1024, 255, 48 * 1024
# What must be among its instructions; the rest may change with the compiler.
PROVES = {
    "integers": "IMAD POPC BREV FLO SHF PRMT IDP VABSDIFF", "floats": "FADD FMUL FFMA DADD DMUL DFMA F2F F2I I2F FRND",
    "halves": "HADD2 HMUL2 HFMA2 HSETP2", "constant_local": "LDC LDL STL", "shared_memory": "LDS STS BAR",
    "dynamic_shared": "LDS STS BAR", "warps": "SHFL VOTE MATCH", "atomics": "ATOMG ATOMS", "tensor_cores": "HMMA IMMA",
    "every_sm": "FFMA IMAD LDS STS BAR", "transform": "LDG STG", "memory_write": "STG", "memory_invert": "LDG STG ATOMG",
}
LOCAL_BYTES = {"constant_local": 128}  # of each thread; more than an array that is meant to be there is a spill
complaints = []


class Cubin:
    def __init__(self, path):
        self.bytes = path.read_bytes()
        head = struct.unpack_from("<16sHHIQQQIHHHHHH", self.bytes)
        self.ident, self.type, self.machine, self.flags = head[0], head[1], head[2], head[7]
        self.sections = {}
        start, size, count, names = head[6], head[11], head[12], head[13]
        rows = [struct.unpack_from("<IIQQQQIIQQ", self.bytes, start + size * number) for number in range(count)]
        for row in rows:
            self.sections[self.text(rows[names][4] + row[0])] = row

    def text(self, place):
        return self.bytes[place:self.bytes.index(b"\0", place)].decode()

    def content(self, name):
        row = self.sections[name]
        return self.bytes[row[4]:row[4] + row[5]]

    def size(self, name):
        return self.sections[name][5] if name in self.sections else 0

    def symbols(self):
        strings, table = self.sections[".strtab"][4], self.content(".symtab")
        for number, place in enumerate(range(0, len(table), 24)):
            name, info, other = struct.unpack_from("<IBB", table, place)
            yield number, self.text(strings + name), info & 15, other

    def attributes(self, name):
        """Of a section .nv.info…: (which, value); a value is bytes where the form says that it has some."""
        data, place = self.content(name), 0
        while place < len(data):
            form, which, value = struct.unpack_from("<BBH", data, place)
            place += 4
            if form == 4:
                yield which, data[place:place + value]
                place += value
            else:
                yield which, value


def look_at(path, name, sm, threads, dynamic_shared):
    cubin = Cubin(path)
    if cubin.ident[:6] != b"\x7fELF\x02\x01" or cubin.machine != 190 or cubin.type != 2:
        yield "is no finished cubin"
    if tuple(cubin.ident[7:9]) != LAYOUTS[sm]:
        yield f"has layout {cubin.ident[7]:#x}/{cubin.ident[8]}, which is not {LAYOUTS[sm]}"
    if cubin.flags >> (0 if LAYOUTS[sm][1] == 7 else 8) & 0xFF != sm:
        yield f"is for another GPU: flags {cubin.flags:#x}"
    entries = {symbol: number for number, symbol, kind, other in cubin.symbols() if kind == 2 and other & ENTRY_POINT}
    if list(entries) != [name] or f".text.{name}" not in cubin.sections:
        yield f"has the entry points {list(entries)}"
        return
    found = sorted((struct.unpack_from("<H", value, 6)[0], struct.unpack_from("<I", value, 8)[0] >> 18)
                   for which, value in cubin.attributes(f".nv.info.{name}") if which == 0x17)  # KPARAM_INFO
    if found != PARAMETERS:
        yield f"takes parameters of {found}, by offset and size"
    registers, stack = {}, {}
    for which, value in cubin.attributes(".nv.info"):
        if which in (0x2F, 0x12):  # REGCOUNT, MIN_STACK_SIZE
            symbol, count = struct.unpack("<II", value)
            (registers if which == 0x2F else stack)[symbol] = count
    count = registers.get(entries[name], 0)
    if not 0 < count <= REGISTERS_OF_THREAD or count * threads > REGISTERS_OF_BLOCK:
        yield f"needs {count} registers for each of {threads} threads"
    if stack.get(entries[name]) != LOCAL_BYTES.get(name, 0):
        yield f"has {stack.get(entries[name])} bytes of local memory, not {LOCAL_BYTES.get(name, 0)}"
    shared = cubin.size(f".nv.shared.{name}") + dynamic_shared
    if shared > SHARED_OF_BLOCK:
        yield f"needs {shared} bytes of shared memory"
    if sm != 110:  # which 11.8 does not know
        text = subprocess.run([disassembler, "-c", path], check=True, capture_output=True, text=True).stdout
        instructions = set(re.findall(r"/\*[0-9a-f]{4}\*/\s+(?:@!?U?P[0-9T]+\s+)?([A-Z][A-Z0-9]*)", text))
        if missing := set(PROVES[name].split()) - instructions:
            yield f"does not hold {sorted(missing)}"


kernels = subprocess.run([sys.argv[1]], check=True, capture_output=True, text=True).stdout.splitlines()
for line in kernels:
    kernel, block, dynamic = line.split()
    for architecture in LAYOUTS:
        image = IMAGES / f"{kernel}.sm_{architecture}.cubin"
        complaints += [f"{image.name} {what}" for what in look_at(image, kernel, architecture, int(block), int(dynamic))]
if complaints:
    sys.exit("\n".join(complaints))
print(f"{len(kernels)} kernels, each for {len(LAYOUTS)} GPUs")
