"""Where a Jetson with jetpack-nixos keeps its files: all of it in the store, reached through a few links.

Values come from modules.json, releases.json and nixos_values.json. A description (README.md) may also say:

    "version":   of NixOS, as nixos-version tells it; names the system in the store
    "cuda":      true, or "12.9": a set of nixpkgs other than the release's own
    "in_store":  {name: [store names that it needs]}: what lies in the store and belongs to no system
    "merged":    {"nvidia-l4t-3d-core": "nvidia-l4t-cuda"}: whose libraries lie in another package
    "incoming":  {"l4t", "version"}: a system that could be switched to, which is what the board is then judged for. Of the
                 release that runs, it has the very driver and kernel that run. With "registered": false the database of
                 Nix does not know it, so that its packages are only found by its links
"""

import datetime
import json
from pathlib import Path

import cuda_libraries
from board import BadBoard, Board

HERE = Path(__file__).resolve().parent

# The 32 characters of a store path are a hash of how it was made. These are none: digits and letters in turn, each path
# beginning one further; those of a second system and of applications begin with the letter.
DIGITS, LETTERS = "1234567890", "abcdfghjklmnpqrsvwxyz"
GRAPHICS = "NixOS/nixpkgs nixos/modules/hardware/graphics.nix, anduril/jetpack-nixos modules/graphics.nix"
TOPLEVEL = "NixOS/nixpkgs nixos/modules/system/activation/top-level.nix"
GROUPS = {"root": 0, "video": 26, "render": 303}

# The name by which a library is asked for, where that is not its file's.
SONAMES = {"libnvidia-ptxjitcompiler.so.": "libnvidia-ptxjitcompiler.so.1", "libnvidia-nvvm.so.": "libnvidia-nvvm.so.4",
           "libnvidia-nvvm70.so.": "libnvidia-nvvm70.so.4", "libcuda_instrumentation.so": "libcuda_instrumentation.so.1"}


def values(file):
    return json.loads((HERE / file).read_text())


class Store:
    """Gives out the paths of a store."""

    def __init__(self, letter_first=False):
        self.letter_first, self.given = letter_first, 0

    def path(self, name):
        start, self.given = self.given, self.given + 1
        pairs = [(DIGITS[(start + at) % len(DIGITS)], LETTERS[(start + at) % len(LETTERS)]) for at in range(16)]
        return "/nix/store/" + "".join(b + a if self.letter_first else a + b for a, b in pairs) + "-" + name


class System:
    """The store paths of one NixOS system; a later one can share the earlier one's driver and kernel."""

    def __init__(self, store, release, version, like=None):
        self.release = release
        if like is None:
            stamp = f"{release['l4t']}-{release['stamp']}"
            self.core, self.cuda = store.path(f"nvidia-l4t-core-{stamp}"), store.path(f"nvidia-l4t-cuda-{stamp}")
            self.extra, self.drivers = store.path("jetson-graphics-extra-packages"), store.path("graphics-drivers")
        else:
            self.core, self.cuda, self.extra, self.drivers = like.core, like.cuda, like.extra, like.drivers
            store.given = 4
        self.etc = store.path("etc")
        self.top = store.path(f"nixos-system-{release['soc_name'].lower()}-{version}")
        if like is None:
            self.out_of_tree = store.path(f"l4t-oot-modules-{release['l4t']}")
            self.modules, self.linux = store.path("kernel-modules"), store.path(f"linux-{release['kernel']}")
            self.firmware = store.path("firmware")
            self.graphics = store.path(f"nvidia-l4t-3d-core-{stamp}")
            self.nvml = store.path(f"nvidia-l4t-nvml-{stamp}")
            self.in_kernel, self.programs = store.path(f"linux-{release['kernel']}-modules"), store.path("system-path")
        else:
            self.modules, self.linux, self.firmware, self.programs = like.modules, like.linux, like.firmware, like.programs
        self.version, self.like = version, like


def release_of(l4t, module):
    """What releases.json says of it, and what jetpack-nixos makes of it for this module."""
    table = values("nixos_values.json")
    releases = {**values("releases.json")["releases"], **table["releases"]}
    if l4t not in releases:
        raise BadBoard(f"neither releases.json nor nixos_values.json has {l4t}")
    line = "R" + l4t.split(".", 1)[0]
    soc = values("modules.json")["socs"][module["soc"]]
    key = f"{module['soc']} {line}"
    if key not in table["modules"]:
        raise BadBoard(f"nixos_values.json has no modules of {key}")
    packages = dict(table["driver_packages"][line])
    size = packages.pop("libcuda_size")
    # jetpack-nixos builds the kernel itself, and names it by upstream's version alone.
    return {**releases[l4t], "kernel": releases[l4t]["kernel"].split("-")[0], "kernel_source": table["kernel_source"][line],
            "l4t": l4t, "line": line, "soc_name": soc["name"], "variant": soc["variant"], "modules": table["modules"][key],
            "size": size[soc["variant"]] if isinstance(size, dict) else size,
            "packages_source": packages.pop("source"), "packages": packages}


def text_of_source(source):
    return "; ".join(source) if isinstance(source, list) else source


# The driver.

def put_library(board, folder, name, words, source):
    """The library and the link that programs ask for it by. Answers the names of both."""
    soname = next((asked for beginning, asked in SONAMES.items() if name.startswith(beginning)), name)
    board.library(f"{folder}/{name}", {"soname": soname, "build_id_of": f"made up: {words}"}, source)
    if soname == name:
        return [name]
    board.link(f"{folder}/{soname}", name, source)
    return [name, soname]


def put_libcuda(board, system):
    release, folder = system.release, f"{system.cuda}/lib"
    needed = ["libm.so.6", "libc.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0"]
    if release["variant"] == "nvgpu":
        needed += ["libnvrm_gpu.so", "libnvrm_mem.so"]
    board.library(f"{folder}/libcuda.so.1.1", {
        "soname": "libcuda.so.1", "needed": [*needed, "libnvcucompat.so"], "functions": "driver", "size": release["size"],
        "runpath": f"/run/opengl-driver/lib:{system.core}/lib:$ORIGIN",
        "build_id_of": f"made up: libcuda of L4T {release['l4t']}"}, release["packages_source"])
    for name in ("libcuda.so", "libcuda.so.1"):
        board.link(f"{folder}/{name}", "libcuda.so.1.1", release["packages_source"])
    return ["libcuda.so.1.1", "libcuda.so", "libcuda.so.1"]


def put_driver(board, system, merged, with_nvml):
    """Packages of L4T, and the two joins of links that lead to them."""
    release, source = system.release, system.release["packages_source"]
    places = {"nvidia-l4t-core": system.core, "nvidia-l4t-cuda": system.cuda, "nvidia-l4t-3d-core": system.graphics,
              "nvidia-l4t-nvml": system.nvml}
    through_extra, direct = {system.cuda: put_libcuda(board, system)}, {}
    for package, names in release["packages"].items():
        if package == "nvidia-l4t-nvml" and not with_nvml:
            continue
        place = places[merged.get(package, package)]
        reached = direct if place == system.graphics else through_extra
        for name in names:
            name = name.replace("{driver}", release["driver"])
            words = f"{name.split('.so')[0]} of L4T {release['l4t']}"
            reached.setdefault(place, []).extend(put_library(board, f"{place}/lib", name, words, source))
    for place, names in through_extra.items():
        for name in names:
            board.link(f"{system.extra}/lib/{name}", f"{place}/lib/{name}", GRAPHICS)
            board.link(f"{system.drivers}/lib/{name}", f"{system.extra}/lib/{name}", GRAPHICS)
    for place, names in direct.items():
        for name in names:
            board.link(f"{system.drivers}/lib/{name}", f"{place}/lib/{name}", GRAPHICS)
    if with_nvml and "nvidia-l4t-nvml" in release["packages"]:
        board.text(f"{system.nvml}/bin/nvidia-smi", "#!/bin/sh\n# Stands in the place of nvidia-smi: a board runs nothing.\n"
                   "exit 1\n", "anduril/jetpack-nixos pkgs/l4t/l4t-nvml.nix; its content is made up")
        board.link(f"{system.programs}/bin/nvidia-smi", f"{system.nvml}/bin/nvidia-smi",
                   "anduril/jetpack-nixos modules/default.nix (environment.systemPackages)")
    board.text(f"{system.core}/etc/nv_tegra_release", release["release_file"], text_of_source(release["source"]))
    needs = {system.drivers: [system.extra], system.extra: list(through_extra), system.cuda: [system.core]}
    needs[system.drivers] += list(direct)
    needs.update({place: [system.core] for place in direct})
    return needs


# The kernel's modules.

def module_words(system, path):
    """What a module's build id is made of; modules of one name in two folders are two builds."""
    name = Path(path).name.split(".")[0]
    release = system.release
    if "display" in release["modules"] and path == release["modules"]["display"][1]:
        return f"made up: {name}.ko of {release['modules']['display'][0].replace('{l4t}', release['l4t'])}"
    where = "linux" if path.startswith("kernel/") else "l4t-oot-modules"
    disp = Path(path).parent.name
    return f"made up: {name}.ko of {where}-{release['l4t']}" + (f", {disp}" if disp.endswith("disp") else "")


def put_module(board, system, place, path):
    release = system.release
    file = Path(path).name.split(".")[0]
    name = file.replace("-", "_")
    info = [["license", "GPL"], ["depends", ""]]
    if name == "nvgpu":
        info = [["license", "GPL v2"], ["depends", "nvmap"]] if release["line"] == "R35" else \
            [["license", "Dual MIT/GPL"], ["depends", "host1x,mc-utils,nvmap"]]
    elif name.startswith("nvidia"):
        info = [["version", release["driver"]], ["license", "Dual MIT/GPL"], ["depends", "nvidia" if name != "nvidia" else ""]]
    info += [["name", name], ["vermagic", f"{release['kernel']} SMP preempt mod_unload modversions aarch64"]]
    board.module(f"{place}/lib/modules/{release['kernel']}/{path}",
                 {"modinfo": info, "build_id_of": module_words(system, path)}, text_of_source(release["modules"]["source"]))


def put_modules(board, system, store):
    """The modules of the kernel and those built outside it, and the tree of links that joins them."""
    release, spec = system.release, system.release["modules"]
    kernel = release["kernel"]
    joined = f"{system.modules}/lib/modules/{kernel}"
    source = text_of_source(spec["source"])
    needs = [system.in_kernel]
    listed = [*spec.get("in_kernel", []), *spec.get("out_of_tree", [])]
    for path in spec.get("in_kernel", []):
        put_module(board, system, system.in_kernel, path)
    if "out_of_tree" in spec:
        for path in [*spec["out_of_tree"], *spec.get("unused", [])]:
            put_module(board, system, system.out_of_tree, path)
        board.link(f"{joined}/updates", f"{system.out_of_tree}/lib/modules/{kernel}/updates", source)
        needs.append(system.out_of_tree)
    if "display" in spec:
        name, path = spec["display"]
        place = store.path(name.replace("{l4t}", release["l4t"]))
        put_module(board, system, place, path)
        # Two packages have something in the same folders, so only what lies below is linked.
        for file in (f"{joined}/kernel/drivers/gpu", f"{joined}/kernel/drivers/video/tegra"):
            board.link(file, file.replace(system.modules, system.in_kernel), TOPLEVEL)
        board.link(f"{joined}/{path}", f"{place}/lib/modules/{kernel}/{path}", TOPLEVEL)
        listed.append(path)
        needs.append(place)
    elif "in_kernel" in spec:
        board.link(f"{joined}/kernel", f"{system.in_kernel}/lib/modules/{kernel}/kernel", TOPLEVEL)
    of_name = {Path(path).name.split(".")[0]: path for path in listed}
    depends = {"nvgpu": ["nvmap"], "nvidia-uvm": ["nvidia"]}
    board.text(f"{joined}/modules.dep", [f"{path}:" + "".join(f" {of_name[other]}" for other in depends.get(name, []))
                                         for name, path in of_name.items()], f"form: depmod(8); {source}")
    board.text(f"{joined}/modules.order", listed, f"form: Linux Documentation/kbuild; {source}")
    board.text(f"{joined}/modules.builtin", ["kernel/drivers/pci/pci-stub.ko"], "made up: which ones are built in")
    return {system.modules: needs}


# A system.

def put_system(board, system, applications):
    release, top = system.release, system.top
    board.link(f"{top}/etc", f"{system.etc}/etc", TOPLEVEL)
    board.link(f"{top}/kernel-modules", system.modules, TOPLEVEL)
    board.link(f"{top}/kernel", f"{system.linux}/Image", TOPLEVEL)
    board.link(f"{top}/firmware", system.firmware, TOPLEVEL)
    board.link(f"{top}/sw", system.programs, TOPLEVEL)
    board.folder(f"{system.programs}/bin", "NixOS/nixpkgs nixos/modules/config/system-path.nix")
    board.text(f"{top}/kernel-params", "init=/nix/store/init loglevel=4", f"{TOPLEVEL}; made up: the words")
    board.text(f"{top}/nixos-version", system.version, f"{TOPLEVEL}; made up: the version's date")
    board.text(f"{top}/system", "aarch64-linux", TOPLEVEL)
    board.text(f"{system.etc}/etc/os-release", values("nixos_values.json")["os_release"],
               "NixOS 26.05, which anduril/jetpack-nixos flake.nix pins")
    board.text(f"{system.etc}/etc/tmpfiles.d/graphics-driver.conf", [f"L+ /run/opengl-driver - - - - {system.drivers}"], GRAPHICS)
    board.link(f"{system.etc}/etc/nv_tegra_release", f"{system.core}/etc/nv_tegra_release",
               "anduril/jetpack-nixos modules/default.nix")
    return {top: [system.etc, system.modules, system.linux, system.firmware, system.programs, *applications],
            system.etc: [system.drivers, system.core]}


def put_applications(board, description, line, soc):
    """A program of the system that needs the CUDA packages, and what else lies in the store. Names only, but for a compat and
    the libraries that a driver is tried with."""
    store, needs, sets = Store(letter_first=True), {}, values("nixos_values.json")["cuda"]
    wanted = description.get("cuda")
    applications = []
    if wanted:
        key = line if wanted is True else f"{line} {wanted}"
        if key not in sets:
            raise BadBoard(f"nixos_values.json has no CUDA set {key}")
        given = sets[key]
        names = list(given["cuda"])
        for more in ("cudnn", "tensorrt"):
            if description.get(more):
                if more not in given:
                    raise BadBoard(f"nixos_values.json has no {more} of {key}")
                names += given[more]
        compat = description.get("compat")
        if compat:
            if "compat" not in given or compat != {"product": "l4t", "cuda": given["set"], "enabled_by": "RUNPATH"}:
                raise BadBoard(f"nixos_values.json has no such compat of {key}")
            names += given["compat"]
        applications.append(store.path("inference-1.0"))
        paths = {name: store.path(f"cuda{given['set']}-{name}") for name in names}
        needs[applications[0]] = list(paths.values())
        code = cuda_libraries.code_for(soc, given["set"])
        for name, path in paths.items():
            if not name.endswith("-lib"):
                continue
            part, version = name.removesuffix("-lib").rsplit("-", 1)
            if part == "cuda_cudart":
                soname = "libcudart.so.11.0" if version.startswith("11.") else f"libcudart.so.{version.split('.')[0]}"
                cuda_libraries.put(board, f"{path}/lib", soname, f"libcudart.so.{version}", code)
            elif brings := cuda_libraries.library_of("libnvinfer" if part == "tensorrt" else part, version):
                cuda_libraries.put(board, f"{path}/lib", *brings[:2], code)
        runtime = next(path for name, path in paths.items() if name.startswith("cuda_cudart") and name.endswith("-lib"))
        for name, path in paths.items():
            if name.startswith(("libcublas", "cuda_cudart")) and path != runtime:
                needs[path] = [runtime]
        if compat:
            name = given["compat"][0]
            put_compat(board, paths[name], name.rsplit("-", 1)[1], given["source"])
    elif description.get("compat") or description.get("cudnn") or description.get("tensorrt"):
        raise BadBoard("compat, cudnn and tensorrt come with \"cuda\"")
    for name, parts in description.get("in_store", {}).items():
        paths = [store.path(part) for part in parts]
        needs[store.path(name)] = paths
    return applications, needs


def put_compat(board, place, version, source):
    folder = f"{place}/compat"
    board.library(f"{folder}/libcuda.so.1.1", {
        "soname": "libcuda.so.1", "needed": ["libm.so.6", "libc.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0",
                                             "libnvrm_gpu.so", "libnvrm_mem.so"],
        "functions": "driver", "size": 60000000, "build_id_of": f"made up: libcuda of cuda_compat {version}"},
        f"{source}; made up: size, NEEDED, functions")
    for name in ("libcuda.so.1", "libcuda.so"):
        board.link(f"{folder}/{name}", "libcuda.so.1.1", source)
    for name in ("libnvidia-ptxjitcompiler.so.", "libnvidia-nvvm.so."):
        put_library(board, folder, f"{name}{version}", f"{name.split('.')[0]} of cuda_compat {version}",
                    "anduril/jetpack-nixos pkgs/l4t/l4t-cuda.nix (that compat brings them); made up: the number in their names")


def put_containers(board, description, system, module, store):
    """podman, and the CDI spec that NixOS makes at each start. Its libraries are a second copy of L4T's, as NVIDIA's packages
    have them: without what jetpack-nixos changes in its own."""
    if description.get("containers") is None:
        return {}
    if description["containers"] != "podman" or system.release["variant"] != "nvgpu":
        raise BadBoard("containers on NixOS are laid out for podman and nvgpu")
    release, place = system.release, store.path("container-deps")
    source = "anduril/jetpack-nixos pkgs/containers/deps.nix"
    folder = f"{place}/usr/lib/aarch64-linux-gnu/" + ("tegra" if release["line"] == "R35" else "nvidia")
    own = board.entries[f"{system.cuda}/lib/libcuda.so.1.1"].value
    board.library(f"{folder}/libcuda.so.1.1", {**own, "needed": [name for name in own["needed"] if name != "libnvcucompat.so"],
                                               "runpath": ""}, f"{source}; made up: size, functions, build id")
    files = [f"{folder}/libcuda.so.1.1"]
    for names in (names for package, names in release["packages"].items() if package != "nvidia-l4t-nvml"):
        for name in (name.replace("{driver}", release["driver"]) for name in names):
            put_library(board, folder, name, f"{name.split('.so')[0]} of L4T {release['l4t']}", source)
            files.append(f"{folder}/{name}")
    options = ["ro", "nosuid", "nodev", "bind"]
    tables = values("modules.json")
    nodes = [node[0] for name in tables["socs"][module["soc"]]["nodes"][release["line"]]
             for node in tables["node_sets"][name]["nodes"]]
    passed = ["/run/opengl-driver", system.drivers, system.extra, system.core]
    spec = {"cdiVersion": "0.5.0", "kind": "nvidia.com/gpu", "devices": [{"name": "all", "containerEdits": {
        "deviceNodes": [{"path": node, "hostPath": node} for node in nodes],
        "mounts": [{"hostPath": file, "containerPath": file[len(place):], "options": options} for file in files]}}],
        "containerEdits": {"mounts": [{"hostPath": path, "containerPath": path, "options": options} for path in passed]}}
    board.text("/run/cdi/nvidia-container-toolkit.json", json.dumps(spec, indent=2) + "\n",
               "NixOS/nixpkgs nixos/modules/services/hardware/nvidia-container-toolkit, anduril/jetpack-nixos "
               "modules/nvidia-container-toolkit.nix, NVIDIA/nvidia-container-toolkit pkg/nvcdi; made up: which libraries it names")
    board.text(f"{system.programs}/bin/podman", "#!/bin/sh\n# Stands in the place of podman: a board runs nothing.\nexit 1\n",
               "NixOS/nixpkgs nixos/modules/virtualisation/podman; its content is made up")
    return {system.programs: [place]}


# What stays on the disk, and what runs.

def put_on_disk(board, system):
    board.link("/nix/var/nix/profiles/system", "system-1-link", "nixos-rebuild(8)")
    board.link("/nix/var/nix/profiles/system-1-link", system.top, "nixos-rebuild(8)")
    board.link("/etc/static", f"{system.etc}/etc", "NixOS/nixpkgs nixos/modules/system/etc")
    for name in ("nv_tegra_release", "os-release", "tmpfiles.d"):
        board.link(f"/etc/{name}", f"/etc/static/{name}", "NixOS/nixpkgs nixos/modules/system/etc")
    accounts = values("nixos_values.json")["accounts"]
    for name in ("group", "passwd"):
        board.text(f"/etc/{name}", accounts[name], accounts["source"])


def put_running(board, system, module, boot_id):
    release, line = system.release, system.release["line"]
    tables = values("modules.json")
    soc = tables["socs"][module["soc"]]
    board.strings("/sys/firmware/devicetree/base/model", [module["model"][line]], text_of_source(module["source"]))
    board.strings("/sys/firmware/devicetree/base/compatible", module["compatible"][line], text_of_source(module["source"]))
    board.link("/proc/device-tree", "/sys/firmware/devicetree/base", "Linux Documentation/ABI/testing/sysfs-firmware-ofw")
    soc_source = text_of_source(soc["source"])
    board.text("/sys/devices/soc0/family", ["Tegra"], soc_source)
    board.text("/sys/devices/soc0/revision", [soc["revision"]], soc_source)
    board.text("/sys/devices/soc0/soc_id", [soc["soc0_id"]], soc_source)
    for name in soc["devfreq"][line]:
        board.text(f"/sys/class/devfreq/{name}/governor", ["nvhost_podgov" if soc["variant"] == "nvgpu" else "simple_ondemand"],
                   soc_source)
    board.text("/sys/devices/virtual/dmi/id/bios_version", [f"{release['l4t']}-1a2b3c4d5e6f"],
               "form: anduril/jetpack-nixos modules/pre-switch-checks.nix; made up: the hash")
    board.text("/proc/sys/kernel/osrelease", [release["kernel"]], release["kernel_source"])
    board.text("/proc/sys/kernel/random/boot_id", [boot_id], "made up")
    put_loaded(board, system)
    for name in soc["nodes"][line]:
        for path, major, minor, mode, group in tables["node_sets"][name]["nodes"]:
            # NixOS has no group debug, so udev leaves those nodes to root.
            board.node(path, major, minor, mode, gid=GROUPS.get(group, 0))
    board.link("/run/opengl-driver", system.drivers, GRAPHICS)
    for name in ("current-system", "booted-system"):
        board.link(f"/run/{name}", system.top, TOPLEVEL)


def put_loaded(board, system):
    release, spec = system.release, system.release["modules"]
    source = text_of_source(spec["source"])
    lines = []
    for name, size, users, by in spec["loaded"]:
        taint = " (O)" if release["line"] != "R35" or name.startswith("nvidia") else ""
        lines.append(f"{name} {size} {users + len(by)} {''.join(other + ',' for other in by) or '-'} "
                     f"Live 0x0000000000000000{taint}")
    board.text("/proc/modules", lines, f"form: proc(5); {source}")
    paths = [*spec.get("in_kernel", []), *spec.get("out_of_tree", []), *spec.get("display", [])[1:]]
    for path in paths:
        file = Path(path).name.split(".")[0]
        name = file.replace("-", "_")
        if name not in [entry[0] for entry in spec["loaded"]] or name in ("host1x", "mc_utils"):
            continue
        folder = f"/sys/module/{name}"
        board.text(f"{folder}/initstate", ["live"], "Linux Documentation/ABI/stable/sysfs-module")
        board.text(f"{folder}/refcnt", ["1"], "Linux Documentation/ABI/stable/sysfs-module; made up: the number")
        board.note(f"{folder}/notes/.note.gnu.build-id", module_words(system, path), "as the module's file has it")
        if name.startswith("nvidia"):
            board.text(f"{folder}/version", [release["driver"]], source)
    if any(entry[0] == "nvidia" for entry in spec["loaded"]):
        # R38.4 puts a word in the place of the number there.
        number = release.get("module_version", release["driver"])
        built = datetime.datetime.strptime(release["stamp"], "%Y%m%d%H%M%S").strftime("%a %b %e %H:%M:%S UTC %Y")
        board.text("/proc/driver/nvidia/version",
                   [f"NVRM version: NVIDIA UNIX Open Kernel Module for aarch64  {number}  Release Build  (nixbld@)  "
                    f"{built}", "GCC version:  gcc version 13.4.0 (GCC)"],
                   "form as seen on JetPack 6 and 7; made up: builder, date and compiler")


def layout(description):
    module = values("modules.json")["modules"].get(description["module"])
    if module is None:
        raise BadBoard(f"modules.json has no module {description['module']}")
    board = Board("")
    release = release_of(description["l4t"], module)
    store = Store()
    system = System(store, release, description["version"])
    applications, of_applications = put_applications(board, description, release["line"], module["soc"])
    merged, with_nvml = description.get("merged", {}), description.get("nvml", True)
    references = put_system(board, system, applications)
    references.update(put_driver(board, system, merged, with_nvml))
    references.update(put_modules(board, system, store))
    if with_nvml and "nvidia-l4t-nvml" in release["packages"]:
        references[system.programs] = [system.nvml]
    for path, needed in put_containers(board, description, system, module, store).items():
        references.setdefault(path, []).extend(needed)
    references.update(of_applications)
    put_on_disk(board, system)
    soc = values("modules.json")["socs"][module["soc"]]
    board.driver = {"board": soc["simulated"], "driver_version": release["driver_cuda"]}
    state = description.get("state", "running")
    if state == "running":
        put_running(board, system, module, description["boot_id"])
    elif state == "image":
        board.arguments = ["--soc", module["soc"]]
    else:
        raise BadBoard(f"a NixOS board cannot be {state}")
    if "incoming" in description:
        put_incoming(board, description, system, module, applications, references)
    board.nix_references = references
    return board


def put_incoming(board, description, running, module, applications, references):
    wanted = description["incoming"]
    same = wanted["l4t"] == description["l4t"]
    store = Store(letter_first=True)
    system = System(store, release_of(wanted["l4t"], module), wanted["version"], running if same else None)
    needs = {}
    if not same:
        needs.update(put_driver(board, system, description.get("merged", {}), description.get("nvml", True)))
        needs.update(put_modules(board, system, store))
    needs.update(put_system(board, system, applications))
    if wanted.get("registered", True):
        references.update(needs)
    board.arguments = ["--system", system.top]
