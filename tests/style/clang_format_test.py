#!/usr/bin/env python3
"""C++ files are as clang-format 14 lays them out by the .clang-format of the tree."""

import shutil
import subprocess
import sys

import tree

formatter = next((found for name in ("clang-format-14", "clang-format")
                  if (found := shutil.which(name, path="/usr/bin:/bin:/usr/lib/llvm-14/bin"))), None)
if not formatter:
    sys.exit("clang-format is missing; sh packaging/dependencies.sh test names the package")
version = subprocess.run([formatter, "--version"], capture_output=True, text=True).stdout
if " 14." not in version:
    sys.exit(f"{formatter} is {version.strip()}; versions differ in layout, so this tree uses 14: install clang-format-14")
complaints = tree.Complaints("layout that a tool decides is never argued about", "clang-format -i FILE")
for path in tree.files(".cpp", ".hpp", ".c", ".cu"):
    complaints.looked_at(path)
    done = subprocess.run([formatter, "--dry-run", "-Werror", "--ferror-limit=1", str(tree.TOP / path)],
                          capture_output=True, text=True)
    if done.returncode:
        complaints.add(path, done.stderr.strip().splitlines()[0].split(": ", 1)[-1])
complaints.finish()
