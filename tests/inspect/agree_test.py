#!/usr/bin/env python3
"""The inspector counts what NVIDIA's cuobjdump counts, on real libraries and programs: per kind and architecture, images and
stubs together (expected.json has its counts, recorded by real_files.py).

By itself cuobjdump looks into .nv_fatbin and __nv_relfatbin only ("seen"), while NVIDIA's own libraries keep code in ordinary
data, too, and load it themselves (libcufft has 24,000 containers in .data). The driver takes it from there as well, so we count
it; cuobjdump was made to count that apart ("elsewhere"). Ours is held to the sum.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import real_files

SKIPPED = 77
FEWEST = 8


def differences(entry, path, command, work):
    """A sentence where one file disagrees."""
    if real_files.sha256(path) != entry["sha256"]:
        return f"{path} is not the file that expected.json is of"
    ours = real_files.counts(real_files.inspect(command, path, work))
    theirs = real_files.in_order(Counter(entry["seen"]) + Counter(entry["elsewhere"]))
    if ours == theirs:
        return None
    return f"{path}: " + ", ".join(f"{key}: cuobjdump {theirs.get(key, 0)}, we {ours.get(key, 0)}"
                                   for key in sorted({*ours, *theirs}) if ours.get(key) != theirs.get(key))


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
                beyond += bool(file["elsewhere"])
                sentence = differences(file, place / file["path"], command, Path(work))
                if sentence:
                    failed += 1
                    print(f"FAIL  {sentence}")
    print(f"{looked_at} files, {beyond} of which hold code where cuobjdump does not look; {failed} differences")
    # Debian may have newer ones of a few, never of nearly all.
    return 1 if failed or looked_at < FEWEST else 0


sys.exit(main())
