#!/usr/bin/env python3
"""Includes point one way: kernels, probes/system, probes/elf <- probes/* <- daemon/checks <- daemon/report <- daemon/gate
<- daemon/bus, daemon/cli; the rules of daemon/inspect lie below the checks. Each row below says what files of one place may
include of ours; the first that fits counts.
"""

import re

import tree

FACTS = [r"probes/[a-z_]+\.hpp", r"probes/catalog/catalog\.hpp", r"probes/gpu/protocol\.hpp", r"probes/system/system_root\.hpp"]
REPORT = [r"daemon/(checks|report|gate|settings)/.*", r"daemon/runner_protocol\.hpp", *FACTS]
BUS_USERS = r"daemon/(bus/.*|main\.cpp|cli/status\.cpp)"
RULES = [
    (r"probes/elf/.*", [r"probes/elf/.*"]),
    (r"probes/system/.*", [r"probes/system/.*", r"probes/fact\.hpp"]),
    (r"probes/(fact|versions)\..*", [r"probes/(fact|versions)\.hpp"]),
    (r"kernels/.*", [r"kernels/.*"]),
    (r"probes/gpu/(main|driver_api)\..*|probes/gpu/steps/.*",
     [r"probes/gpu/.*", r"probes/versions\.hpp", r"probes/system/.*", r"kernels/.*"]),
    (r"probes/.*", [r"probes/.*"]),
    # The inspector's rules are as pure as a judge, and checks judge by them; what is said of files lies above.
    (r"daemon/inspect/(rules|target)\..*",
     [r"daemon/inspect/(rules|target)\.hpp", r"probes/programs/(device_code|runtime_use|inspection)\.hpp", *FACTS]),
    (r"daemon/checks/.*", [r"daemon/checks/.*", r"daemon/inspect/(rules|target)\.hpp", *FACTS]),
    (r"daemon/(report|gate|settings)/.*|daemon/runner_protocol\..*",
     [*REPORT, r"probes/system/strict_json\.hpp"]),
    (BUS_USERS, [r"daemon/.*", r"probes/.*"]),
    (r"daemon/cli/.*", [r"daemon/(cli|checks|inspect|report|gate|settings)/.*", r"daemon/runner_protocol\.hpp", r"daemon/bus/client\.hpp",
                        r"probes/.*"]),
    (r"daemon/.*", [r"daemon/.*", r"probes/.*"]),
]

complaints = tree.Complaints(
    "judging must need no bus and no machine, reading must not know what is judged, and the ELF reader must be fuzzable by "
    "itself (probes/README.md)",
    "move the thing that is needed down to where both sides may see it, or hand it over as data in Facts or Report")
for path in tree.files(".cpp", ".hpp", ".cu", below=("kernels", "probes", "daemon")):
    complaints.looked_at(path)
    allowed = next(allowed for place, allowed in RULES if re.fullmatch(place, str(path)))
    for number, name, quoted in tree.includes(path):
        if quoted and not any(re.fullmatch(pattern, name) for pattern in allowed):
            complaints.add(path, f"includes {name}", number)
        if quoted and "/" not in name:
            complaints.add(path, f"includes {name}; name it from the top of the tree", number)
        if not quoted and name.startswith("sdbus-c++/") and not re.fullmatch(r"daemon/bus/.*|daemon/main\.cpp", str(path)):
            complaints.add(path, f"includes <{name}>; sdbus-c++ belongs to daemon/bus", number)
        if name == "nlohmann/json.hpp" and path.suffix == ".hpp":
            complaints.add(path, f"includes <{name}> in a header; every file that includes it would pay for it", number)
    for number, line in enumerate(tree.lines(path), 1):
        if re.search(r"\bdlm?open\s*\(", line.split("//")[0]) and not str(path).startswith("probes/gpu/"):
            complaints.add(path, "calls dlopen; only jetcuda-probe (probes/gpu) may load a driver", number)
complaints.finish()
