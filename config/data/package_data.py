"""The part of make_data.py that turns cuda_packages.json into packages.json: which package names stand for which part
of the CUDA stack, on Debian and Ubuntu, in the Nix store and on Yocto.

A name pattern is the name itself, with {cuda} for the CUDA set ("12-6"), {major} for its first number, {n} for any
number and * for any text.
"""

import re

# What the facts call a component, where that is not what nixpkgs and releases.json call it.
IDS = {
    "cublas": "libcublas",
    "cufft": "libcufft",
    "curand": "libcurand",
    "cusolver": "libcusolver",
    "cusparse": "libcusparse",
    "cuda toolkit configuration": "cuda_toolkit",
    "pva / cupva": "pva",
    "container stack": "nvidia_container_toolkit",
    "jetpack meta": "jetpack",
}
# Packages of the L4T release and drivers for discrete GPUs have lists of their own.
NO_COMPONENTS = ("l4t-cuda (driver API)", "nvidia-l4t-core", "nvidia-l4t-kernel", "nvidia-l4t-nvml", "dla compiler",
                 "desktop/SBSA driver packages present in Jetson feeds")
# What a component is where it is no shared library that programs load.
KINDS = {
    "cuda_nvcc": "compiler",
    "cuda_cupti": "tool", "cuda_sanitizer_api": "tool", "cuda_nvtx": "tool", "cuda_profiler_api": "tool",
    "nvidia_container_toolkit": "tool",
    "cuda_cccl": "development", "cuda_nvml_dev": "development",
    "cuda_compat": "compat",
    "cuda_toolkit": "meta", "jetpack": "meta",
}
KINDS_OF_NAMES = [
    (r"(^|-)gds-tools-", "tool"),
    (r"-dev(-|$)", "development"),
    (r"^tensorrt$", "meta"),
]
# Recipes of meta-tegra that are not called as the Debian package without its "-X-Y".
OPKG_NAMES = {
    "cuda_cudart": {"cuda-driver": "development"},
    "cudnn": {"cudnn": "runtime"},
    "tensorrt": {name: "runtime" for name in
                 ("tensorrt-core", "tensorrt-plugins-prebuilt", "tensorrt-lean", "tensorrt-dispatch")},
}
OPKG_SOURCE = ["OE4T/meta-tegra recipes-devtools/{cuda,cudnn,gie} (names of the recipes)",
               "OE4T/meta-tegra @0486a9380c recipes-devtools/cuda/cuda-shared-binaries.inc (-dev, -stubs, -staticdev)"]
NIX_NAMES = {"vpi": ["vpi{n}"]}  # where the store has another name than nixpkgs's attribute

FEEDS = ["anduril/jetpack-nixos @6489717 sourceinfo/r35.6-debs.json", "anduril/jetpack-nixos @6ab891e sourceinfo/r36.5-debs.json",
         "anduril/jetpack-nixos @70ad248 sourceinfo/r38.4-debs.json", "anduril/jetpack-nixos @02d22af sourceinfo/r39.2-debs.json"]
DEBIAN_TOOLKIT = "packages.debian.org, sid: {} (built from Debian's source package nvidia-cuda-toolkit)"

# Names of components that the facts have, where the facts lack these names.
MORE_NAMES = {
    "cuda_nvml_dev": {
        "opkg": {"cuda-nvml": "development"},
        "source": ["OE4T/meta-tegra @d5d93dc recipes-devtools/cuda/cuda-nvml_13.2.82-1.bb"]},
    "libnvjitlink": {"deb": {"libnvjitlink-dev-{cuda}": "development"}, "source": []},
    "vpi": {
        "deb": {"python{n}.{n}-vpi{n}": "runtime", "vpi{n}-python-src": "development", "vpi{n}-samples": "development",
                "vpi{n}-demos": "development"},
        "opkg": {"libnvvpi{n}": "runtime"},
        "source": ["OE4T/meta-tegra @d5d93dc recipes-devtools/vpi/libnvvpi4_4.1.3.bb, and libnvvpi1 to libnvvpi3 in its branches"]},
    "jetpack": {"deb": {"nvidia-vpi": "meta", "nvidia-vpi-dev": "development"}, "source": []},
}

# Debuggers and profilers, which the facts do not speak of. They go with drivers of other CUDA versions than their own,
# so all that belongs to them is a tool, the packages without content aside.
TOOLS = [
    {"id": "cuda_gdb", "kind": "tool", "version_is_cuda": True, "sonames": [],
     "deb": {"cuda-gdb-{cuda}": "tool", "cuda-gdb-src-{cuda}": "tool", "nvidia-cuda-gdb": "tool"},
     "nix": ["cuda_gdb"],
     "opkg": {"cuda-gdb": "tool", "cuda-gdb-{cuda}": "tool"},
     "source": [*FEEDS, DEBIAN_TOOLKIT.format("nvidia-cuda-gdb"),
                "NixOS/nixpkgs @1dbbce6 pkgs/development/cuda-modules/packages/cuda_gdb.nix",
                "anduril/jetpack-nixos @4d857d6 cuda-packages-11-4-extension.nix",
                "OE4T/meta-tegra @d5d93dc recipes-devtools/cuda/cuda-gdb_13.2.75-1.bb, cuda-gdb-11-8 in its branch "
                "kirkstone, cuda-gdb-12-9 in its pull request 2088"]},
    {"id": "nsight_systems", "kind": "tool", "version_is_cuda": False, "sonames": [],
     "deb": {"nsight-systems-{n}.{n}.{n}": "tool", "nsight-systems-cli-{n}.{n}.{n}": "tool",
             "cuda-nsight-systems-{cuda}": "tool", "nsight-systems": "tool", "nsight-systems-target": "tool",
             "nvidia-nsight-sys": "meta", "nvidia-nsight-systems": "meta"},
     "nix": ["nsight_systems", "nsight-systems-target", "nsight-systems-host"],
     "opkg": {name: "tool" for name in ("nsight-systems", "nsight-systems-cli", "nsight-systems-collectx",
                                        "nsight-systems-qdstrmimporter")},
     "source": [*FEEDS, DEBIAN_TOOLKIT.format("nsight-systems, nsight-systems-target"),
                "mitul93/devcontainer-features @0782228 src/nsight-systems-cli/README.md (names in NVIDIA's devtools repository)",
                "NixOS/nixpkgs @1698512 pkgs/development/cuda-modules/packages/nsight_systems.nix",
                "anduril/jetpack-nixos @4d857d6 pkgs/cuda-packages-11-4/nsight_systems_target.nix, nsight_systems_host.nix",
                "OE4T/meta-tegra @d5d93dc recipes-devtools/nsight-systems/nsight-systems_2026.3.1.157-263138048394v0.bb",
                "OE4T/meta-tegra @b493118 recipes-devtools/nsight-systems/nsight-systems-cli_2024.5.4.9-245434760847v0.bb"]},
    {"id": "nsight_compute", "kind": "tool", "version_is_cuda": False, "sonames": [],
     "deb": {"nsight-compute-{n}.{n}.{n}": "tool", "cuda-nsight-compute-{cuda}": "tool", "nsight-compute": "tool",
             "nsight-compute-target": "tool"},
     "nix": ["nsight_compute", "nsight-compute-target", "nsight-compute-host"],
     "opkg": {},
     "source": [*FEEDS, DEBIAN_TOOLKIT.format("nsight-compute, nsight-compute-target"),
                "NixOS/nixpkgs @13d8aa4 pkgs/development/cuda-modules/packages/nsight_compute.nix",
                "anduril/jetpack-nixos @4d857d6 pkgs/cuda-packages-11-4/nsight_compute_target.nix, nsight_compute_host.nix"]},
    {"id": "nsight_graphics", "kind": "tool", "version_is_cuda": False, "sonames": [],
     "deb": {"nsight-graphics-for-embeddedlinux-{n}.{n}.{n}.{n}": "tool", "nvidia-nsight-graphics": "meta"},
     "nix": [], "opkg": {},
     "source": FEEDS[:2]},
    {"id": "nsight_dl", "kind": "tool", "version_is_cuda": False, "sonames": [],
     "deb": {"nsight-dl": "tool"},
     "nix": [], "opkg": {},
     "source": ["anduril/jetpack-nixos @0cf10e4 debs/r35.1.json", "anduril/jetpack-nixos @bb2a94d debs/r35.2.json"]},
]

L4T_PACKAGES = [
    {"id": "l4t", "deb": ["nvidia-l4t-*"], "nix": ["nvidia-l4t-*", "l4t-*"],
     "opkg": ["tegra-libraries-*", "nv-tegra-release", "nv-kernel-module-*", "kernel-module-nvgpu*"],
     "source": ["anduril/jetpack-nixos sourceinfo/r*-debs.json, pkgs/buildFromDebs.nix, overlay.nix (l4t-oot-modules)",
                "OE4T/meta-tegra recipes-bsp/tegra-binaries, recipes-kernel"]},
]

DISCRETE_DRIVERS = [
    {"id": "jetson-feeds",
     "deb": ["libnvidia-compute", "libnvidia-compute-*", "nvidia-driver", "nvidia-driver-open", "nvidia-driver-{n}",
             "nvidia-driver-{n}-*", "nvidia-dkms", "nvidia-dkms-*"],
     "source": ["anduril/jetpack-nixos @70ad248 sourceinfo/r38.4-debs.json, @02d22af sourceinfo/r39.2-debs.json "
                "(the SBSA driver 580.65.06 and 595.58.03)"]},
    {"id": "ubuntu",  # the number keeps linux-modules-nvidia-fs and Ubuntu's own Tegra modules out
     "deb": ["nvidia-headless-{n}", "nvidia-headless-{n}-*", "nvidia-headless-no-dkms-{n}", "nvidia-headless-no-dkms-{n}-*",
             "nvidia-kernel-source-{n}", "nvidia-kernel-source-{n}-*", "linux-modules-nvidia-{n}-*",
             "linux-objects-nvidia-{n}-*"],
     "source": ["Ubuntu's own packaging of NVIDIA's driver (restricted): one package of each name per driver branch, "
                "with -server and -open; seen in public lists of installed packages"]},
    {"id": "debian",
     "deb": ["libcuda1", "libnvidia-tesla-cuda1", "libnvidia-tesla-{n}-cuda1", "libnvidia-legacy-*-cuda1",
             "nvidia-kernel-dkms", "nvidia-kernel-open-dkms", "nvidia-open-kernel-dkms", "nvidia-tesla-driver",
             "nvidia-tesla-{n}-driver", "nvidia-legacy-*-driver", "nvidia-tesla-kernel-dkms",
             "nvidia-tesla-{n}-kernel-dkms", "nvidia-legacy-*-kernel-dkms", "nvidia-driver-libs", "nvidia-driver-bin",
             "nvidia-driver-cuda"],
     "source": ["Debian's packaging of NVIDIA's driver (non-free); seen in public installation scripts"]},
    {"id": "cuda-repository",
     "deb": ["cuda-drivers", "cuda-drivers-{n}", "nvidia-open", "nvidia-open-{n}"],
     "source": ["NVIDIA's CUDA repository for data centres and desktops: its packages that pull the driver in"]},
]

# Prefixes of kernel versions need no exception, since the release is read behind them; nor do builds of one release.
EXCEPTIONS = {
    "nvidia-l4t-cudadebuggingsupport": ("own-numbering", ["nvidia-l4t-cudadebuggingsupport"], [], []),
    "nvidia-l4t-kernel*, nvidia-l4t-display-kernel": None,
    "nvidia-l4t-jetson-orin-nano-qspi-updater":
        ("qspi-updater", ["nvidia-l4t-jetson-orin-nano-qspi-updater"],
         ["35.6"], ["36.4.3"]),
    "nvidia-l4t-jetson-multimedia-api": ("multimedia-api", ["nvidia-l4t-jetson-multimedia-api"], ["35.6.2"], ["35.6.1"]),
    "bootloader, configs, optee, tools, xusb-firmware and kernel debs on R35.1.0": None,
    "any nvidia-l4t-* at 38.2.2 with others at 38.2.1":
        ("partial-38.2.2", ["*"], ["38.2.1", "38.2.2"], ["38.2.1", "38.2.2"]),
}
EXCEPTIONS_SOURCE = ["anduril/jetpack-nixos sourceinfo/r*-debs.json (versions in NVIDIA's package feeds)",
                     "OE4T/meta-tegra recipes-bsp/tegra-binaries"]


def patterns_of(fact):
    """A regular expression of the facts as our name patterns; whatever it does not know stops the making."""
    options = [fact]
    while any("(" in option for option in options):  # "(-580)?"
        options = [head + part + tail for option in options
                   for head, inner, tail in [re.fullmatch(r"(.*?)\(([^()]*)\)\?(.*)", option).groups()]
                   for part in ("", inner)]
    if fact.endswith("[0-9]*"):
        options = [fact[:-6], fact[:-6] + "[0-9]+"]
    names = []
    for name in options:
        name = name.replace("X-Y", "{cuda}").replace(".*", "*")
        name = re.sub(r"(?<=-cuda-)\[0-9\]\+|(?<=^cuda-toolkit-)\[0-9\]\+", "{major}", name)
        name = re.sub(r"\[0-9\]\+?", "{n}", name)
        if not re.fullmatch(r"[a-z0-9+.{}*-]+", name):
            raise SystemExit(f"cuda_packages.json: no name pattern for {fact!r}")
        names.append(name)
    return names


def kind_of(ident, name):
    for expression, kind in KINDS_OF_NAMES:
        if re.search(expression, name):
            return kind
    return KINDS.get(ident, "runtime")


def version_is_cuda(fact):
    """True where the first two numbers of every version are those of the CUDA set in the package's name."""
    pairs = [(re.search(r"-(\d+)-(\d+)$", name), version)
             for versions in fact["deb_versions"].values() if versions for name, version in versions.items()]
    pairs = [(found, version) for found, version in pairs if found]
    return bool(pairs) and all(version.startswith(f"{found[1]}.{found[2]}.") for found, version in pairs)


def sonames(fact):
    found = [re.findall(r"lib[A-Za-z0-9_+-]+\.so(?:\.[0-9]+)*", text) for text in fact["sonames"].values()]
    return list(dict.fromkeys(name for names in found for name in names))


def sources(fact):
    """A bare "@commit file" goes on with the repository of the source before it."""
    return [f"anduril/jetpack-nixos {text}" if text.startswith("@") else text for text in fact["source"]]


def component_record(fact):
    ident = IDS.get(fact["component"], fact["component"])
    deb = {name: kind_of(ident, name) for text in fact["deb_name_patterns"] for name in patterns_of(text)
           if not name.startswith("nvidia-l4t-")}
    nix = NIX_NAMES.get(ident)
    if nix is None:
        nix = [fact["nixpkgs_attr"].split(".")[1]] if fact["nixpkgs_attr"] else []
    opkg = dict(OPKG_NAMES.get(ident, {}))
    for name, kind in deb.items():
        if name.endswith("-{cuda}") and kind != "development" or ident in ("cuda_cccl", "cuda_nvml_dev"):
            opkg |= {name[:-len("-{cuda}")]: kind, name: kind}
    more = MORE_NAMES.get(ident, {"source": []})
    deb |= more.get("deb", {})
    opkg |= more.get("opkg", {})
    return {
        "id": ident,
        "kind": KINDS.get(ident, "runtime"),
        "version_is_cuda": version_is_cuda(fact),
        "sonames": sonames(fact),
        "deb": deb,
        "nix": nix,
        "opkg": opkg,
        "source": sources(fact) + (OPKG_SOURCE if opkg else []) + more["source"],
    }


def component_records(facts):
    records = [component_record(fact) for fact in facts["components"] if fact["component"] not in NO_COMPONENTS]
    # It is in the feeds beside the drivers, recommends one and brings none.
    drivers = next(fact for fact in facts["components"] if fact["component"] == NO_COMPONENTS[-1])
    records.append({"id": "nvidia_driver_assistant", "kind": "tool", "version_is_cuda": False, "sonames": [],
                    "deb": {"nvidia-driver-assistant": "tool"}, "nix": [], "opkg": {}, "source": sources(drivers)})
    known = {record["id"] for record in records}
    for name in [tool["id"] for tool in TOOLS if tool["id"] in known] + [name for name in MORE_NAMES if name not in known]:
        raise SystemExit(f"package_data.py: {name} is in the facts and in TOOLS, or in MORE_NAMES and not in the facts")
    return records + TOOLS


def release_exceptions(facts):
    records = []
    for fact in facts["version_equality_exceptions"]:
        known = EXCEPTIONS[fact["package"]]  # a new exception in the facts has to be decided here
        if known is None:
            continue
        ident, packages, releases, versions = known
        records.append({"id": ident, "packages": packages, "releases": releases, "versions": versions,
                        "why": fact["why"], "source": EXCEPTIONS_SOURCE})
    return records
