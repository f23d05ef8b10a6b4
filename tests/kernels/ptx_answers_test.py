#!/usr/bin/env python3
"""The PTX in kernels/images, run by ptx_machine.py, answers what the host twins answer: every word and the checksum. So
the compiler made of each source what its twin says, before any GPU has seen it.

    ptx_answers_test.py PRINT_KERNELS
"""

import re
import subprocess
import sys
from pathlib import Path

import ptx_machine

IMAGES = Path(__file__).resolve().parent.parent.parent / "kernels" / "images"
OUT, IN = 0x100000, 0x900000  # addresses of the buffers
BLOCKS = 2
PATTERNS = [1, 2, 3, 4, 5]  # of the memory kernels, patterns.hpp


def ask(*arguments):
    return subprocess.run([sys.argv[1], *arguments], check=True, capture_output=True, text=True).stdout.splitlines()


def buffer_of(content):
    memory = ptx_machine.Memory(4 * len(content), "global")
    for place, word in enumerate(content):
        memory.store(4 * place, 4, word)
    return memory


def differences(ptx, name, threads, dynamic_shared, seed):
    """What the PTX answers otherwise than the twin."""
    count = BLOCKS * threads
    before, out, after = ([int(word, 16) for word in line.split()] for line in ask(name, str(count), str(seed)))
    buffers = {OUT: buffer_of([0] * len(out)), IN: buffer_of(before)}
    machine = ptx_machine.Machine(ptx, threads, [OUT, IN, count, seed], buffers, dynamic_shared, seed)
    machine.run(BLOCKS)
    for what, memory, expected in (("out", buffers[OUT], out), ("in", buffers[IN], after)):
        got = [memory.load(place, 4) for place in range(0, len(memory.bytes), 4)]
        wrong = [place for place in range(len(expected)) if got[place] != expected[place]]
        if wrong:
            yield (f"{name}, seed {seed:#x}: {len(wrong)} words of `{what}` differ; [{wrong[0]}] is {got[wrong[0]]:#010x}, "
                   f"the twin says {expected[wrong[0]]:#010x}")


complaints, compared = [], 0
kernels = {name: (int(threads), int(dynamic)) for name, threads, dynamic in (line.split() for line in ask())}
for name, (threads, dynamic) in kernels.items():
    ptx = (IMAGES / f"{name}.ptx").read_text()
    seeds = [pattern << 24 | 0x1E5A for pattern in PATTERNS] if name.startswith("memory_") else [2026 + len(name)]
    for seed in seeds:
        compared += 1
        complaints += differences(ptx, name, threads, dynamic, seed)

# One instruction changed is one kernel wrong, or this test would prove nothing.
for name, right, wrong in (("shared_memory", "bar.sync 0", "mov.u32 %r1,%r1"), ("warps", "shfl.sync.down", "shfl.sync.up"),
                           ("atomics", "atom.shared.max.u32", "atom.shared.min.s32"), ("tensor_cores", ".col.m16", ".row.m16"),
                           ("floats", r"div\.rn\.f32", "mul.rn.f32"), ("halves", "sub.f16x2", "add.f16x2"),
                           ("memory_invert", "not.b32", "mov.b32")):
    ptx = (IMAGES / f"{name}.ptx").read_text()
    changed = re.sub(right, wrong, ptx)
    if changed == ptx or not list(differences(changed, name, *kernels[name], 1 << 24 | 7)):
        complaints.append(f"{name}: with {wrong!r} for {right!r} it should answer otherwise than its twin, and does not")
if complaints:
    sys.exit("\n".join(complaints))
print(f"{compared} launches of {BLOCKS} blocks, each word as the twin says")
