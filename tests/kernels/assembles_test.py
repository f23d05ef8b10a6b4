#!/usr/bin/env python3
"""Each kernel's PTX is such as every driver takes, and assembles for every GPU that a Jetson has and for desktop ones,
without spilling registers; each rung of the PTX ladder is refused by an assembler of an older CUDA, and by no other.

    assembles_test.py PRINT_KERNELS ASSEMBLERS
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

IMAGES = Path(__file__).resolve().parent.parent.parent / "kernels" / "images"
print_kernels, assemblers = sys.argv[1], Path(sys.argv[2])
NEWEST_ISA = {"11.8": (7, 8), "13.0": (9, 0)}  # that each assembler knows
TARGETS = {"11.8": ["sm_72", "sm_75", "sm_86", "sm_87", "sm_90"], "13.0": ["sm_75", "sm_87", "sm_90", "sm_110", "sm_120"]}
complaints = []


def assemble(release, target, path):
    return subprocess.run([assemblers / release / "ptxas", "-v", "-arch", target, path, "-o", "/dev/null"],
                          capture_output=True, text=True)


def isa_of(path):
    return tuple(int(number) for number in re.match(r"\.version (\d+)\.(\d+)\n", path.read_text()).groups())


kernels = [line.split()[0] for line in subprocess.run([print_kernels], check=True, capture_output=True,
                                                      text=True).stdout.splitlines()]
for name in kernels:
    path = IMAGES / f"{name}.ptx"
    target = re.search(r"^\.target (\S+)$", path.read_text(), re.M)[1]
    if isa_of(path) > (6, 3) or target != "sm_72":
        complaints.append(f"{path.name}: PTX {isa_of(path)} for {target}; drivers since 11.4 and a Xavier take up to 6.3, sm_72")
    for release, targets in TARGETS.items():
        for target in targets:
            done = assemble(release, target, path)
            spills = re.findall(r"(\d+) bytes spill", done.stderr)
            if done.returncode:
                complaints.append(f"{path.name}: refused by {release} for {target}: {done.stderr.strip()}")
            elif not spills or any(count != "0" for count in spills):
                complaints.append(f"{path.name}: spills registers on {target}, or {release} does not say: {spills}")

with tempfile.TemporaryDirectory() as folder:
    subprocess.run([print_kernels, "--ladder", folder], check=True)
    rungs = sorted(Path(folder).glob("*.ptx"), key=isa_of)
    if len(rungs) < 28 or isa_of(rungs[0]) != (6, 0):
        complaints.append(f"the ladder has {len(rungs)} rungs, and begins at {isa_of(rungs[0])}")
    for path in rungs:
        if path.stem != "{}.{}".format(*isa_of(path)):
            complaints.append(f"rung {path.stem} says .version {isa_of(path)}")
        for release, target in (("11.8", "sm_72"), ("11.8", "sm_87"), ("13.0", "sm_87"), ("13.0", "sm_110")):
            done = assemble(release, target, path)
            if isa_of(path) <= NEWEST_ISA[release]:
                if done.returncode:
                    complaints.append(f"rung {path.stem}: refused by {release} for {target}: {done.stderr.strip()}")
            elif not re.search(r"Unsupported \.version", done.stderr):
                complaints.append(f"rung {path.stem}: {release} knows no such version, but says: {done.stderr.strip()}")
if complaints:
    sys.exit("\n".join(complaints))
print(f"{len(kernels)} kernels and {len(rungs)} rungs")
