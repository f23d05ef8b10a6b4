#!/usr/bin/env python3
"""Shell scripts run under any POSIX sh, say `set -eu`, and pass shellcheck where it is installed. A script that is about
bash itself says so in its first line, and is held to shellcheck alone.
"""

import shutil
import subprocess

import tree

complaints = tree.Complaints(
    "the first thing a newcomer runs is one of these, on a machine whose sh is dash",
    "run shellcheck -s sh on the file; a finding that is wrong is disabled in its line, with the reason")
checker = shutil.which("shellcheck", path="/usr/bin:/bin")
scripts = [path for path in tree.files() if path.suffix == ".sh" or (
    not path.suffix and (tree.TOP / path).read_bytes()[:64].startswith((b"#!/bin/sh", b"#!/usr/bin/env sh")))]
for path in scripts:
    complaints.looked_at(path)
    content = tree.lines(path)
    shell = "bash" if content[:1] == ["#!/bin/bash"] and path.parts[0] == "tests" else "sh"
    if shell == "sh" and content[:1] != ["#!/bin/sh"]:
        complaints.add(path, "does not begin with #!/bin/sh", 1)
    careful = ("set -e", "set -u  # no -e: ")
    if shell == "sh" and not any(line.startswith(careful) for line in content):
        complaints.add(path, "does not say `set -eu` (or `set -u  # no -e: REASON`): it would go on after a failure")
    for command in ([shell, "-n"], [checker, "-s", shell, "-S", "warning"] if checker else None):
        if command:
            done = subprocess.run([*command, str(tree.TOP / path)], capture_output=True, text=True)
            if done.returncode:
                complaints.add(path, (done.stdout + done.stderr).strip())
complaints.finish()
