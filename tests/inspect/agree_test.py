#!/usr/bin/env python3
"""The inspector counts what NVIDIA's cuobjdump counts, on real libraries and programs: per kind and architecture, images and
stubs together, in the sections that cuobjdump reads (expected.json has its counts, recorded by real_files.py).

A whole file may hold more: cuobjdump looks into .nv_fatbin and __nv_relfatbin only, while NVIDIA's own libraries keep code in
ordinary data, too, and load it themselves (libcufft has 24,000 containers in .ldata). The driver takes it from there as well, so
we count it; what a whole file holds is held to expected.json, and may never be less than what cuobjdump sees.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import real_files

SKIPPED = 77
FEWEST = 8


def differences(entry, path, command, work):
    """Sentences about what one file disagrees in."""
    told = []
    if real_files.sha256(path) != entry["sha256"]:
        return [f"{path} is not the file that expected.json is of"]
    part = work / "sections.fatbin"
    read = real_files.sections_of_code(path, part)
    ours = real_files.as_listed(real_files.counts(real_files.inspect(command, part, work))) if read else {}
    if ours != entry["cuobjdump"]:
        told.append(f"{path}: cuobjdump counts {entry['cuobjdump']}, and we {ours}")
    whole = real_files.counts(real_files.inspect(command, path, work))
    if whole != entry["whole"]:
        told.append(f"{path}: the whole file held {entry['whole']}, and now {whole}")
    for key, count in entry["cuobjdump"].items():
        in_all = real_files.as_listed(whole).get(key, 0)
        if in_all < count:
            told.append(f"{path}: {key}: cuobjdump sees {count} in a part of the file, and we {in_all} in all of it")
    return told


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binaries", type=Path, required=True)
    parser.add_argument("--files", type=Path, required=True, help="where to fetch them to")
    parser.add_argument("--only-small", action="store_true")
    options = parser.parse_args()
    command = options.binaries / "jetcuda-check"
    try:
        real_files.fetch(options.files.resolve(), options.only_small)
    except subprocess.CalledProcessError as error:
        print(f"not tested: the files could not be fetched ({error})")
        return SKIPPED
    looked_at, failed, beyond = 0, 0, 0
    with tempfile.TemporaryDirectory() as work:
        for entry in json.loads(real_files.EXPECTED.read_text()):
            if options.only_small and not entry["small"]:
                continue
            version = "" if entry["source"] == "debian" else entry["version"]
            place = real_files.folder_of(options.files, entry["source"], entry["name"], version, entry["arch"])
            if not version and (place / "version").read_text().strip() != entry["version"]:
                print(f"NOT COMPARED  {entry['name']} is {(place / 'version').read_text().strip()} here, and expected.json is of "
                      f"{entry['version']}: record it anew")
                continue
            for file in entry["files"]:
                looked_at += 1
                beyond += real_files.as_listed(file["whole"]) != file["cuobjdump"]
                for sentence in differences(file, place / file["path"], command, Path(work)):
                    failed += 1
                    print(f"FAIL  {sentence}")
    print(f"{looked_at} files, {beyond} of which hold code where cuobjdump does not look; {failed} differences")
    # Debian may have newer ones of a few, never of nearly all.
    return 1 if failed or looked_at < FEWEST else 0


sys.exit(main())
