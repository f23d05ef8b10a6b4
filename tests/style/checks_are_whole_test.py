#!/usr/bin/env python3
"""Every check has its test file, and a test file belongs to a check; the file, the variable and the id are one name."""

import re

import tree

MACHINERY = {"check", "judge", "custom_checks"}
complaints = tree.Complaints(
    "a judge without a test is an opinion, and a name that differs sends readers to the wrong file",
    "add tests/daemon/checks/<name>_test.cpp, which holds each of its codes to facts written in the test; name file, variable "
    "and id alike")
checks = [path for path in tree.files(".cpp", below=("daemon/checks",)) if path.stem not in MACHINERY]
for path in checks:
    complaints.looked_at(path)
    if not (tree.TOP / "tests" / path.with_name(path.stem + "_test.cpp")).is_file():
        complaints.add(path, f"has no tests/{path.with_name(path.stem + '_test.cpp')}")
    text = (tree.TOP / path).read_text()
    if not re.search(rf"\bextern const Check {path.stem}\b", text):
        complaints.add(path, f"does not define `extern const Check {path.stem}`")
    if f'"{path.stem.replace("_", "-")}"' not in text:
        complaints.add(path, f'does not carry the id "{path.stem.replace("_", "-")}"')
complaints.finish()
