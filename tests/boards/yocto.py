"""Where an image of meta-tegra keeps its files: libraries in /usr/lib, packages in opkg's database, no folder of NVIDIA's own.

Values come from modules.json, releases.json and yocto_values.json. A description (README.md) may also say:

    "release_file": false: an image without the recipe nv-tegra-release
"""

import datetime
import json
from pathlib import Path

import cuda_libraries
from board import BadBoard, Board

HERE = Path(__file__).resolve().parent
LIBRARIES = "OE4T/meta-tegra recipes-bsp/tegra-binaries"
GROUPS = {"root": 0, "video": 44, "render": 989}

# The links that meta-tegra makes to libraries whose name has a version, and the name by which they are asked for.
SONAMES = {"libnvidia-ptxjitcompiler.so.": "libnvidia-ptxjitcompiler.so.1", "libnvidia-nvvm.so.": "libnvidia-nvvm.so.4",
           "libnvcucompat.so.": "libnvcucompat.so", "libcuda_instrumentation.so": "libcuda_instrumentation.so.1"}


def values(file):
    return json.loads((HERE / file).read_text())


def text_of_source(source):
    return "; ".join(source) if isinstance(source, list) else source


class Image:
    """What the tables say of this line, release and module."""

    def __init__(self, description):
        tables, own = values("modules.json"), values("yocto_values.json")
        self.l4t = description["l4t"]
        self.line = "R" + self.l4t.split(".", 1)[0]
        self.module = tables["modules"].get(description["module"])
        self.release = values("releases.json")["releases"].get(self.l4t)
        if self.module is None or self.release is None:
            raise BadBoard(f"modules.json has no {description['module']}, or releases.json no {self.l4t}")
        self.soc_name, self.soc = self.module["soc"], tables["socs"][self.module["soc"]]
        key = f"{self.soc_name} {self.line}"
        if self.line not in own["lines"] or key not in own["modules"]:
            raise BadBoard(f"yocto_values.json has no {key}")
        self.own, self.modules, self.accounts = own["lines"][self.line], own["modules"][key], own["accounts"]
        self.node_sets = tables["node_sets"]
        self.source, self.modules_source = text_of_source(self.own["source"]), self.modules["source"]
        self.kernel, self.driver = self.own["kernel"], self.release["driver"]
        self.folder = f"/usr/lib/modules/{self.kernel}"
        self.version = f"{self.l4t}-{self.release['stamp']}-r0"

    def named(self, text):
        return text.replace("{driver}", self.driver).replace("{l4t}", self.l4t)


# Libraries and packages.

def put_library(board, folder, name, words, source):
    soname = next((asked for beginning, asked in SONAMES.items() if name.startswith(beginning)), name)
    board.library(f"{folder}/{name}", {"soname": soname, "build_id_of": f"made up: {words}"}, source)
    if soname != name:
        board.link(f"{folder}/{soname}", name, source)
    return f"{folder}/{name}"


def put_driver(board, image, with_nvml):
    """Answers the files of each package."""
    needed = ["libm.so.6", "libc.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0"]
    if image.soc["variant"] == "nvgpu":
        needed += ["libnvrm_gpu.so", "libnvrm_mem.so"]
    size = image.own["libcuda_size"]
    board.library("/usr/lib/libcuda.so.1.1", {
        "soname": "libcuda.so.1", "needed": needed, "functions": "driver",
        "build_id_of": f"made up: libcuda of L4T {image.l4t}",
        "size": size[image.soc["variant"]] if isinstance(size, dict) else size},
        f"{image.source}; made up: size, functions, build id")
    for name in ("libcuda.so", "libcuda.so.1"):
        board.link(f"/usr/lib/{name}", "libcuda.so.1.1", image.source)
    files = {"tegra-libraries-core": [], "tegra-libraries-cuda": ["/usr/lib/libcuda.so.1.1"]}
    for package, names in (("tegra-libraries-core", image.own["core"]), ("tegra-libraries-cuda", image.own["libraries"])):
        for name in names:
            name = image.named(name)
            words = f"{name.split('.so')[0]} of L4T {image.l4t}"
            files[package].append(put_library(board, "/usr/lib", name, words, f"{image.source}; made up: the content"))
    if with_nvml and image.line != "R35":
        put_library(board, "/usr/lib", "libnvidia-ml.so.1", f"libnvidia-ml of L4T {image.l4t}", LIBRARIES)
        board.link("/usr/lib/libnvidia-ml.so", "libnvidia-ml.so.1", LIBRARIES)
        board.text("/usr/sbin/nvidia-smi", "#!/bin/sh\n# Stands in the place of nvidia-smi: a board runs nothing.\nexit 1\n",
                   f"{LIBRARIES}; its content is made up")
        files["tegra-libraries-nvml"] = ["/usr/lib/libnvidia-ml.so.1", "/usr/sbin/nvidia-smi"]
    return files


def module_words(image, path):
    return f"made up: {Path(path).name} of meta-tegra {image.l4t}"


def put_modules(board, image):
    for path in image.modules["files"]:
        name = Path(path).stem.replace("-", "_")
        info = [["license", "GPL"], ["depends", ""]]
        if name == "nvgpu":
            info = [["license", "GPL v2"], ["depends", "nvmap"]] if image.line == "R35" else \
                [["license", "Dual MIT/GPL"], ["depends", "host1x,mc-utils,nvmap"]]
        elif name.startswith("nvidia"):
            info = [["version", image.driver], ["license", "Dual MIT/GPL"], ["depends", "" if name == "nvidia" else "nvidia"]]
        info += [["name", name], ["vermagic", f"{image.kernel} SMP preempt mod_unload modversions aarch64"]]
        board.module(f"{image.folder}/{path}", {"modinfo": info, "build_id_of": module_words(image, path)}, image.modules_source)
    of_name = {Path(path).stem: path for path in image.modules["files"]}
    depends = {"nvgpu": ["nvmap"], "nvidia-uvm": ["nvidia"]}
    board.text(f"{image.folder}/modules.dep", [f"{path}:" + "".join(f" {of_name[other]}" for other in depends.get(name, []))
                                               for name, path in of_name.items()], f"form: depmod(8); {image.modules_source}")
    board.text(f"{image.folder}/modules.order", image.modules["files"], f"form: Linux Documentation/kbuild; {image.modules_source}")
    board.text(f"{image.folder}/modules.builtin", ["kernel/drivers/pci/pci-stub.ko"], "made up: which ones are built in")


def put_packages(board, image, description, files):
    """opkg's database, with the lists of files that matter."""
    packages = {name: image.version for name in files}
    if description.get("release_file", True):
        packages["nv-tegra-release"] = image.version
        board.text("/etc/nv_tegra_release", image.release["release_file"][:1],
                   f"{LIBRARIES}/nv-tegra-release_{image.l4t}.bb keeps line 1; {text_of_source(image.release['source'])}")
    gpu_module = next(path for path in image.modules["files"] if Path(path).stem == image.soc["gpu_module"])
    owner = image.own["modules_package"].format(module=image.soc["gpu_module"], kernel=image.kernel)
    packages[owner] = image.own["modules_version"]
    lists = {"tegra-libraries-cuda": files["tegra-libraries-cuda"], owner: [f"/lib/modules/{image.kernel}/{gpu_module}"]}
    if description.get("cuda"):
        packages.update(image.own["cuda"])
        cuda, cudart, soname = image.own["cudart"]
        folder = f"/usr/local/cuda-{cuda}/lib"
        board.library(f"{folder}/libcudart.so.{cudart}", {
            "soname": soname, "needed": ["libc.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1"],
            "build_id_of": f"made up: cudart {cudart}"},
            "OE4T/meta-tegra recipes-devtools/cuda/cuda-shared-binaries.inc: in lib, without targets; made up: its content")
        board.link(f"{folder}/{soname}", f"libcudart.so.{cudart}", "OE4T/meta-tegra recipes-devtools/cuda/cuda-shared-binaries.inc")
    for more in ("cudnn", "tensorrt"):
        if description.get(more):
            packages.update(image.own[more])
    if description.get("cuda"):
        cuda_libraries.put_all(board, packages, folder, "/usr/lib", cuda_libraries.code_for(image.soc_name, cuda))
    made = int(datetime.datetime.strptime(image.release["stamp"] + "+0000", "%Y%m%d%H%M%S%z").timestamp())
    tune = {"T194": "armv8a_tegra194", "T234": "armv8a_tegra234", "T264": "aarch64_tegra264"}[image.soc_name]
    board.text("/var/lib/opkg/status", "".join(
        f"Package: {name}\nVersion: {version}\nStatus: install user installed\nArchitecture: {tune}\nInstalled-Time: {made}\n\n"
        for name, version in packages.items()),
        f"form of opkg's status file; {image.source}; made up: architecture, times, suffixes of versions")
    for name, paths in lists.items():
        board.text(f"/var/lib/opkg/info/{name}.list", [f"{path}\t0644" for path in sorted(paths)],
                   f"form of opkg's lists; {image.source}")


# What runs.

def put_running(board, image, boot_id):
    source = text_of_source(image.module["source"])
    board.strings("/sys/firmware/devicetree/base/model", [image.module["model"][image.line]], source)
    board.strings("/sys/firmware/devicetree/base/compatible", image.module["compatible"][image.line], source)
    board.link("/proc/device-tree", "/sys/firmware/devicetree/base", "Linux Documentation/ABI/testing/sysfs-firmware-ofw")
    source = text_of_source(image.soc["source"])
    for name, text in (("family", "Tegra"), ("revision", image.soc["revision"]), ("soc_id", image.soc["soc0_id"])):
        board.text(f"/sys/devices/soc0/{name}", [text], source)
    nvgpu = image.soc["variant"] == "nvgpu"
    for name in image.soc["devfreq"][image.line]:
        board.text(f"/sys/class/devfreq/{name}/governor", ["nvhost_podgov" if nvgpu else "simple_ondemand"], source)
    firmware = image.release["firmware"] if image.line == "R35" else f"v{image.l4t}"
    board.text("/sys/devices/virtual/dmi/id/bios_version", [firmware],
               "form v38.2.1: OE4T/meta-tegra issue 2022; up to R35 as releases.json has it")
    board.text("/proc/sys/kernel/osrelease", [image.kernel], image.source)
    board.text("/proc/sys/kernel/random/boot_id", [boot_id], "made up")
    loaded = {entry[0] for entry in image.modules["loaded"]}
    board.text("/proc/modules", [
        f"{name} {size} {users + len(by)} {''.join(other + ',' for other in by) or '-'} Live 0x0000000000000000"
        + ("" if image.line == "R35" else " (O)")
        for name, size, users, by in image.modules["loaded"]], f"form: proc(5); {image.modules_source}")
    for path in image.modules["files"]:
        name = Path(path).stem.replace("-", "_")
        if name not in loaded:
            continue
        board.text(f"/sys/module/{name}/initstate", ["live"], "Linux Documentation/ABI/stable/sysfs-module")
        board.text(f"/sys/module/{name}/refcnt", ["1"], "Linux Documentation/ABI/stable/sysfs-module; made up: the number")
        board.note(f"/sys/module/{name}/notes/.note.gnu.build-id", module_words(image, path), "as the module's file has it")
        if name.startswith("nvidia"):
            board.text(f"/sys/module/{name}/version", [image.driver], image.modules_source)
    display = "nvidia" in loaded
    for name in image.soc["nodes"][image.line]:
        if name == "display" and not display:
            continue
        for path, major, minor, mode, group in image.node_sets[name]["nodes"]:
            # Images have no group debug, so udev leaves those nodes to root.
            board.node(path, major, minor, mode, gid=GROUPS.get(group, 0))


def layout(description):
    image, board = Image(description), Board("")
    name, version = image.own["distribution"]
    board.text("/etc/os-release", ["ID=poky", "NAME=\"Poky (Yocto Project Reference Distro)\"", f"VERSION=\"{version} ({name})\"",
                                   f"VERSION_ID={version}", f"VERSION_CODENAME=\"{name}\"",
                                   f"PRETTY_NAME=\"Poky (Yocto Project Reference Distro) {version} ({name})\""],
               "form of poky's; its name: LAYERSERIES_COMPAT in OE4T/meta-tegra conf/layer.conf; made up: the number")
    for name in ("group", "passwd"):
        board.text(f"/etc/{name}", image.accounts[name], image.accounts["source"])
    board.link("/lib", "usr/lib", "OpenEmbedded's usrmerge")
    files = put_driver(board, image, description.get("nvml", True))
    put_modules(board, image)
    put_packages(board, image, description, files)
    board.driver = {"board": image.soc["simulated"], "driver_version": image.release["driver_cuda"]}
    state = description.get("state", "running")
    if state == "running":
        put_running(board, image, description["boot_id"])
    elif state == "image":
        board.arguments = ["--soc", image.soc_name]
    else:
        raise BadBoard(f"a Yocto board cannot be {state}")
    # OpenEmbedded runs ldconfig when it makes an image; without a configuration it finds what lies in /lib and /usr/lib.
    board.cache_form = "new"
    return board
