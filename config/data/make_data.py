#!/usr/bin/env python3
"""Makes socs.json, releases.json, packages.json and compat.json from the collected facts: only the fields that the program
reads, every record with its sources. Facts are gathered by hand from public repositories; these data are never edited by hand,
so that both cannot drift apart.

    python3 config/data/make_data.py FOLDER-WITH-FACTS
"""

import json
import re
import sys
from pathlib import Path

import package_data

HERE = Path(__file__).resolve().parent

# Lines that CUDA checks make sense on, with the SoCs that NVIDIA released them for (contract, section 4).
SUPPORTED_LINES = {35: ["T194", "T234"], 36: ["T234"], 38: ["T264"], 39: ["T234", "T264"]}
# Older lines are recognised, so that a board that runs one is told so.
OLDER_LINES = [21, 23, 24, 27, 28, 31, 32, 34]
LINES_SOURCE = "rbonghi/jetson_stats jtop/core/jetson_variables.py (L4T to JetPack map)"

# Which compat products a SoC takes on a line, and the CUDA versions of each (None: NVIDIA's table does not speak of that
# product there). The table's newest CUDA version is COMPAT_TABLE_UP_TO. L4T's own product is checked against releases.json.
COMPAT_TABLE_UP_TO = "13.4"
COMPAT_TABLE = "NVIDIA, CUDA for Tegra application note: upgradable CUDA versions by JetPack"
COMPAT_WINDOW = "anduril/jetpack-nixos: the windows it asserts (JetPack 5: 11.4 to before 12.3; JetPack 6: 12.4 to before 13.0)"
COMPAT_GUIDE = "NVIDIA, CUDA installation guide: cuda-compat in arm64-sbsa-jetson-openrm, cuda-compat-orin in arm64-sbsa-jetson-nvgpu"
COMPATS = [
    (35, "l4t", ["T194", "T234"], ["11.8", "12.0", "12.1", "12.2"], [], [COMPAT_TABLE, COMPAT_WINDOW]),
    (36, "l4t", ["T234"], ["12.4", "12.5", "12.6", "12.8", "12.9"], [], [COMPAT_TABLE, COMPAT_WINDOW]),
    (36, "orin", ["T234"], None, ["13.2"],
     ["a public GitHub file: cuda-compat-orin-13-2 (ubuntu2204/sbsa) runs CUDA 13.2 user space on driver 540.x"]),
    (38, "sbsa", ["T264"], [], [], [COMPAT_TABLE, COMPAT_GUIDE]),
    (39, "orin", ["T234"], ["13.3", "13.4"], [], [COMPAT_TABLE, COMPAT_GUIDE]),
    (39, "sbsa", ["T264"], ["13.3", "13.4"], [], [COMPAT_TABLE, COMPAT_GUIDE]),
]


def clean(source):
    """A source that names a file only by its number in a search index is told as what it is."""
    source = re.sub(r"code-index (?:files?|ids?) \d+(?: \([^)]*\))?(?:, \d+(?: \([^)]*\))?)*", "a public GitHub file", source)
    return source.replace("public GitHub file, a public GitHub file", "a public GitHub file")


def unique(items):
    return list(dict.fromkeys(items))


def soc_record(fact):
    sources = list(fact["source"])
    for module in fact["modules"]:
        sources += module["source"]
    return {
        "id": fact["id"],
        "name": fact["names"][0],
        "support": "left-behind" if fact["status"] == "recognised_unsupported" else "supported",
        "capability": fact["compute_capability"],
        "compatible": fact["compatible_last"],
        "soc0_id": fact["soc0_soc_id"],
        "gpu_module": fact["gpu_kernel_module"],
        "gpu_variant": fact["gpu_stack_variant"],
        "modules": {module["part"]: module["name"] for module in fact["modules"]},
        "source": unique(clean(source) for source in sources),
    }


def line_records(socs):
    records = []
    for line in sorted([*OLDER_LINES, *SUPPORTED_LINES]):
        on = SUPPORTED_LINES.get(line)
        if on is None:
            on = sorted(soc["id"] for soc in socs if f"R{line}" in soc["l4t_lines"])
        records.append({
            "line": line,
            "support": "supported" if line in SUPPORTED_LINES else "not-supported",
            "socs": on,
            "source": [LINES_SOURCE],
        })
    return records


def release_record(fact):
    compat = fact["cuda_compat"]["range"]
    supported = int(fact["l4t"].split(".")[0]) in SUPPORTED_LINES
    record = {
        "l4t": fact["l4t"],
        "jetpack": fact["jetpack"],
        "cuda": fact["cuda"],
        "driver_cuda": fact["cuda_driver_api"],
        "driver_version": fact["driver_version"],
        "kernel": fact["kernel"],
        "socs": [soc["soc"] for soc in fact["socs"]],
    }
    if supported:  # packages of the older lines are never judged
        record["components"] = {name: version for name, version in fact["components"].items() if version}
        record["cudnn"] = fact["cudnn"]
        record["tensorrt"] = fact["tensorrt"]
        record["compat"] = {"lowest": compat[0], "highest": compat[1]} if compat else None
    basis = fact["cuda_driver_api_basis"]
    record["source"] = unique(clean(source) for source in fact["source"] + ([basis] if basis else []))
    return record


def compat_records(releases):
    for release in releases:
        window = release["cuda_compat"]["range"]
        line = int(release["l4t"].split(".")[0])
        for of_line, product, _, promised, _, _ in COMPATS:
            if window and line == of_line and product == "l4t" and window != [promised[0], promised[-1]]:
                sys.exit(f"compat of {release['l4t']}: the facts say {window}, COMPATS says {promised}")
    return [{"soc": soc, "line": line, "product": product, "promised": promised, "reported": reported,
             "known_up_to": COMPAT_TABLE_UP_TO, "source": source}
            for line, product, socs, promised, reported, source in COMPATS for soc in socs]


def text_of(record, breaks):
    """One record over a few lines: a new line before each key in `breaks`."""
    text = "    {"
    for index, (key, value) in enumerate(record.items()):
        if key in breaks:
            text += ",\n     " if index else ""
        elif index:
            text += ", "
        text += json.dumps(key) + ": " + json.dumps(value, ensure_ascii=False)
    return text + "}"


def write(name, about, lists):
    parts = [f'  "about": {json.dumps(about)}']
    for key, records, breaks in lists:
        rows = ",\n".join(text_of(record, breaks) for record in records)
        parts.append(f'  "{key}": [\n{rows}\n  ]')
    (HERE / name).write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make_data.py FOLDER-WITH-FACTS (a folder that holds socs.json, releases.json and cuda_packages.json)")
    facts = Path(sys.argv[1])
    socs = json.loads((facts / "socs.json").read_text(encoding="utf-8"))["socs"]
    releases = json.loads((facts / "releases.json").read_text(encoding="utf-8"))["releases"]
    write("socs.json", "Jetson SoCs and modules. Made by make_data.py; README.md has the meaning of every key.",
          [("socs", [soc_record(soc) for soc in socs], ("compatible", "modules", "source"))])
    releases.sort(key=lambda release: [int(part) for part in release["l4t"].split(".")])
    write("releases.json", "L4T lines and releases. Made by make_data.py; README.md has the meaning of every key.",
          [("lines", line_records(socs), ()),
           ("releases", [release_record(release) for release in releases], ("components", "cudnn", "source"))])
    packages = json.loads((facts / "cuda_packages.json").read_text(encoding="utf-8"))
    write("packages.json", "Names of the CUDA stack's packages. Made by make_data.py; README.md has the meaning of every key.",
          [("components", package_data.component_records(packages), ("deb", "nix", "opkg", "source")),
           ("l4t_packages", package_data.L4T_PACKAGES, ("source",)),
           ("discrete_drivers", package_data.DISCRETE_DRIVERS, ("source",)),
           ("release_exceptions", package_data.release_exceptions(packages), ("why", "source"))])
    write("compat.json", "Products of cuda_compat, by SoC and L4T line. Made by make_data.py; README.md has the meaning of every key.",
          [("compats", compat_records(releases), ("source",))])


if __name__ == "__main__":
    main()
