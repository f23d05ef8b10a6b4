#!/usr/bin/env python3
"""kernels/images/PROVENANCE.json tells of every source and every image, and each is the file that it tells of: who changes
a source and does not run kernels/rebuild.sh is stopped here. The folder stays small, since every program carries it.

    provenance_test.py PRINT_KERNELS
"""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
IMAGES = TOP / "kernels" / "images"
LIMIT = 300_000  # bytes of the whole folder
ARCHITECTURES = ("sm_72", "sm_87", "sm_110")
complaints = []
told = json.loads((IMAGES / "PROVENANCE.json").read_text())

for group, folder in (("sources", TOP), ("images", IMAGES)):
    for name, expected in told[group].items():
        if not (folder / name).is_file():
            complaints.append(f"{name} is told of and not there")
        elif hashlib.sha256((folder / name).read_bytes()).hexdigest() != expected:
            complaints.append(f"{name} is another than the one that the images were made with; run kernels/rebuild.sh")

kernels = {line.split()[0] for line in subprocess.run([sys.argv[1]], check=True, capture_output=True,
                                                      text=True).stdout.splitlines()}
sources = {path.stem for path in (TOP / "kernels").glob("*.cu")}
if kernels != sources:
    complaints.append(f"kernels/list.hpp and kernels/*.cu differ by {sorted(kernels ^ sources)}")
wanted = {f"{name}.ptx" for name in kernels} | {f"{name}.{sm}.cubin" for name in kernels for sm in ARCHITECTURES}
there = {path.name for path in IMAGES.iterdir()} - {"PROVENANCE.json"}
for name in sorted(wanted ^ there):
    complaints.append(f"kernels/images/{name} " + ("is missing" if name in wanted else "belongs to no kernel"))
if set(told["images"]) != wanted:
    complaints.append(f"PROVENANCE.json differs from the images by {sorted(set(told['images']) ^ wanted)}")
headers = {"kernels/device.hpp", "kernels/patterns.hpp"}
if set(told["sources"]) != headers | {f"kernels/{name}.cu" for name in sources}:
    complaints.append("PROVENANCE.json does not tell of each kernels/*.cu and of the headers that they are made with")
if set(told["tools"]) != {"ptx", *ARCHITECTURES}:
    complaints.append("PROVENANCE.json does not tell which tool made what")

for name in sources:
    first = (TOP / "kernels" / f"{name}.cu").read_text().splitlines()
    opening = "\n".join(line for line in first[:first.index("")])
    if not opening.startswith("// ") or "Expected: " not in opening:
        complaints.append(f"kernels/{name}.cu does not open with what it proves and the answer that is expected")
size = sum(path.stat().st_size for path in IMAGES.iterdir())
if size >= LIMIT:
    complaints.append(f"kernels/images has {size} bytes; the limit is {LIMIT}")
if complaints:
    sys.exit("\n".join(complaints))
print(f"{len(sources)} sources, {len(there)} images, {size} bytes")
