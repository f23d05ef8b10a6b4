#!/usr/bin/env python3
"""tests/ mirrors the tree: probes/platform/soc.cpp has tests/probes/platform/soc_test.cpp. Exceptions are listed with
what tests them instead.
"""

import tree

TESTED_ELSEWHERE = {
    "probes/gpu/main.cpp": "tests/probes/gpu: the program is started on the simulated libcuda",
    "probes/gpu/driver_api.cpp": "tests/probes/gpu: the same",
    "probes/gpu/steps/": "tests/probes/gpu: each step against each fault of the simulated libcuda",
    "probes/elf/file_source.cpp": "tests/probes/elf/elf_file_test.cpp: real files are read through it",
    "probes/facts.cpp": "names only; tests/roots compares them in every report",
    "daemon/main.cpp": "tests/bus: the daemon is driven as a client would",
    "daemon/bus/": "tests/bus: the daemon is driven as a client would",
    "daemon/cli/": "tests/daemon/cli and tests/roots: the command is run",
}
complaints = tree.Complaints(
    "who changes a file should find its test without searching, and see at once where there is none",
    "add the test, or list the file in this test with what tests it instead")
for path in tree.files(".cpp", below=("probes", "daemon")):
    complaints.looked_at(path)
    name = str(path)
    if any(name == listed or (listed.endswith("/") and name.startswith(listed)) for listed in TESTED_ELSEWHERE):
        continue
    if not (tree.TOP / "tests" / path.with_name(path.stem + "_test.cpp")).is_file():
        complaints.add(path, f"has no tests/{path.with_name(path.stem + '_test.cpp')}")
for listed in TESTED_ELSEWHERE:
    if not (tree.TOP / listed).exists():
        complaints.add(listed, "is listed in tests/style/tests_mirror_tree_test.py and does not exist")
complaints.finish()
