"""NVIDIA's Ubuntu for Jetson, R35 to R39: which files a board has, and where.

It reads, of a description, the keys that README.md lists, and of "kernel":

    "release":  another kernel than the release's: its modules are built for it and belong to no package
    "stock":    "kept" (left out: the release's own kernel stays installed beside it) or "removed"
    "built_in": true: the modules of the GPU are part of the kernel
"""

import hashlib
import json
import uuid
from pathlib import Path

import cuda_libraries
from board import BadBoard, Board

HERE = Path(__file__).resolve().parent
MODULES = json.loads((HERE / "modules.json").read_text())
RELEASES = json.loads((HERE / "releases.json").read_text())["releases"]
LINES = json.loads((HERE / "ubuntu.json").read_text())["lines"]
PACKAGES = json.loads((HERE / "packages.json").read_text())

LIBRARIES = "/usr/lib/aarch64-linux-gnu"
VARIANTS = "/opt/nvidia/l4t-gpu-libs"
LISTS = "/etc/nvidia-container-runtime/host-files-for-container.d"
NOBODY = "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin"
GROUPS = {"root": 0, "video": 44, "render": 104, "debug": 999}
C_LIBRARIES = ["libm.so.6", "libc.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0"]
TEGRA_LIBRARIES = ["libnvrm_gpu.so", "libnvrm_mem.so"]
LIBCUDA = ("SONAME and the real file's name: {}; that it needs libnvrm_gpu and libnvrm_mem: anduril/jetpack-nixos "
           "pkgs/cuda-extensions; made up: the C libraries, size, functions and build id, and there is no code inside")


def words_of(source):
    return source if isinstance(source, str) else "; ".join(source)


class Ubuntu:
    def __init__(self, description):
        self.described = description
        self.board = Board(description["name"])
        self.module = self._in(MODULES["modules"], description["module"], "modules.json")
        self.soc = {"id": self.module["soc"], **MODULES["socs"][self.module["soc"]]}
        self.l4t = description["l4t"]
        self.release = self._in(RELEASES, self.l4t, "releases.json")
        self.line_name = "R" + self.l4t.split(".", 1)[0]
        self.line = LINES[self.line_name]
        if self.line_name not in self.module["compatible"]:
            raise BadBoard(f"{self.board.name}: {self.line_name} is not for {description['module']}")
        self.state = description.get("state", "running")
        if self.state not in ("running", "image", "container"):
            raise BadBoard(f"{self.board.name}: the state {self.state!r} is none of running, image, container")
        kernel = description.get("kernel") or {}
        self.kernel = kernel.get("release", self.release["kernel"])
        self.own_kernel = self.kernel != self.release["kernel"]
        self.stock_kept = self.own_kernel and kernel.get("stock", "kept") == "kept"
        self.built_in = kernel.get("built_in", False)
        self.folder = f"{LIBRARIES}/{self.line['library_folder']}"
        self.owned = {}     # package: the paths that dpkg knows of it
        self.packages = {}  # package: version
        self.nvml = description.get("nvml", True)

    def _in(self, table, key, name):
        if key not in table:
            raise BadBoard(f"{self.board.name}: {name} does not know {key}; it has {', '.join(table)}")
        return table[key]

    def own(self, package, *paths):
        self.owned.setdefault(package, []).extend(paths)

    def make(self):
        self.base_system()
        self.driver()
        self.cuda()
        self.compat()
        if self.state == "container":
            self.board.empty("/.dockerenv", "docker makes it, empty")
        else:
            self.containers()
            self.kernel_modules()
            self.l4t_packages()
        self.dpkg()
        if self.state == "image":
            for path in ("/dev", "/proc", "/sys"):
                self.board.folder(path, "an image at rest has nothing mounted there")
            self.board.arguments = ["--soc", self.soc["id"]]
        else:
            self.running_kernel()
            self.hardware()
            self.nodes()
        self.board.cache_form = self.line["cache_form"]
        self.board.driver = {"board": self.soc["simulated"], "driver_version": self.release["driver_cuda"]}
        return self.board

    # The system.

    def base_system(self):
        board, release = self.board, words_of(self.release["source"])
        board.text("/etc/nv_tegra_release", self.release["release_file"], release)
        self.own("nvidia-l4t-core", "/etc/nv_tegra_release")
        board.text("/etc/os-release", self.line["os_release"], words_of(self.line["source"]))
        if self.state == "container":
            board.text("/etc/group", ["root:x:0:", "video:x:44:", "nogroup:x:65534:"], "an image without the host's groups")
            board.text("/etc/passwd", ["root:x:0:0:root:/root:/bin/bash", NOBODY], "an image without the host's users")
        else:
            people = ("names of the groups: Ubuntu's base-passwd, and the user that the first boot makes is in video and render; "
                      "made up: the numbers of render and debug")
            board.text("/etc/group", ["root:x:0:", "adm:x:4:nvidia", "sudo:x:27:nvidia", "audio:x:29:nvidia",
                                      f"video:x:{GROUPS['video']}:nvidia", f"render:x:{GROUPS['render']}:nvidia",
                                      f"debug:x:{GROUPS['debug']}:", "nvidia:x:1000:", "nogroup:x:65534:"], people)
            board.text("/etc/passwd", ["root:x:0:0:root:/root:/bin/bash",
                                       NOBODY,
                                       "nvidia:x:1000:1000:NVIDIA:/home/nvidia:/bin/bash"], people)
        board.text("/etc/ld.so.conf", ["include /etc/ld.so.conf.d/*.conf"], "Ubuntu's libc-bin")
        board.text("/etc/ld.so.conf.d/aarch64-linux-gnu.conf",
                   ["/usr/local/lib/aarch64-linux-gnu", "/lib/aarch64-linux-gnu", LIBRARIES], "Ubuntu's libc6")
        board.text("/etc/ld.so.conf.d/nvidia-tegra.conf", [self.folder],
                   "nvidia-l4t-core ships the ld.so.conf of its folder, and ld.so.conf uses it; made up: this name")
        board.text(f"{self.folder}/ld.so.conf", [self.folder], "anduril/jetpack-nixos pkgs/containers: nvidia-l4t-core ships it")
        self.own("nvidia-l4t-core", f"{self.folder}/ld.so.conf")
        board.link("/lib", "usr/lib", "Ubuntu's merged /usr")
        if self.line["library_folder"] == "nvidia":
            board.link(f"{LIBRARIES}/tegra", "nvidia", "its old name: anduril/jetpack-nixos pkgs/containers/r36-l4t.json")
            self.own("nvidia-l4t-core", f"{LIBRARIES}/tegra")

    # The driver's libraries.

    def driver(self):
        board, source = self.board, self.line["libraries"]["source"]
        made_up = source + "; made up: build id, and there is no code inside"
        for package, names in self.line["libraries"]["packages"].items():
            if package == "nvidia-l4t-nvml" and not self.nvml:
                continue
            for name in names:
                name, _, link = name.replace("{driver}", self.release["driver"]).partition(" ")
                path = f"{self.folder}/{name}"
                board.library(path, {"soname": link or name, "build_id_of": f"made up: {name} of L4T {self.l4t}"}, made_up)
                self.own(package, path)
                if link:
                    board.link(f"{self.folder}/{link}", name, source)
                    self.own(package, f"{self.folder}/{link}")
                if package == "nvidia-l4t-nvml":
                    self.stand_in("/usr/sbin/nvidia-smi", "OE4T/meta-tegra tegra-libraries-nvml: nvidia-smi comes with NVML")
                    self.own(package, "/usr/sbin/nvidia-smi")
                if package == "nvidia-l4t-cuda":
                    board.link(f"{LIBRARIES}/{name}", f"{self.line['library_folder']}/{name}", source)
                    self.own(package, f"{LIBRARIES}/{name}")
        if self.line_name == "R39":
            self.driver_by_variant(source)
        else:
            self.libcuda("nvidia-l4t-cuda", self.folder, self.soc["variant"], source)
            board.link(f"{LIBRARIES}/libcuda.so", f"{self.line['library_folder']}/libcuda.so", source)
            self.own("nvidia-l4t-cuda", f"{LIBRARIES}/libcuda.so")

    def libcuda(self, package, folder, variant, source):
        needed = C_LIBRARIES + (TEGRA_LIBRARIES if variant == "nvgpu" else [])
        self.board.library(f"{folder}/libcuda.so.1.1",
                           {"soname": "libcuda.so.1", "needed": needed, "functions": "driver",
                            "build_id_of": f"made up: libcuda {variant} of L4T {self.l4t}", "size": self.line["sizes"][variant]},
                           LIBCUDA.format(source))
        for name in ("libcuda.so", "libcuda.so.1"):
            self.board.link(f"{folder}/{name}", "libcuda.so.1.1", source)
        self.own(package, *(f"{folder}/{name}" for name in ("libcuda.so", "libcuda.so.1", "libcuda.so.1.1")))

    def driver_by_variant(self, source):
        """R39: both variants are installed, and a service links one of them at boot."""
        for variant in ("nvgpu", "openrm"):
            self.libcuda(f"nvidia-l4t-cuda-{variant}", f"{VARIANTS}/{variant}", variant, source)
        if self.state == "image":
            return
        service = "nv-load-gpu-libs.service makes it at boot; seen on a Thor"
        chosen = f"{VARIANTS}/{self.soc['variant']}"
        self.board.text("/etc/ld.so.conf.d/000-nvidia-gpu-libs.conf", [chosen], service)
        for name in ("libcuda.so", "libcuda.so.1"):
            self.board.link(f"{LIBRARIES}/{name}", f"{chosen}/{name}", service)

    # The kernel.

    def kernel_modules(self):
        if not self.own_kernel or self.stock_kept:
            self.modules_of(self.release["kernel"], owned=True, built_in=self.built_in and not self.own_kernel)
        if self.own_kernel:
            self.modules_of(self.kernel, owned=False, built_in=self.built_in)

    def module_files(self):
        """Those that depmod has the running kernel use: on R39 either folder holds an nvidia.ko."""
        return [file for file in self.line["modules"]["files"] if self.soc["id"] in file.get("socs", [self.soc["id"]])]

    def module_words(self, path, kernel):
        name, folder = Path(path).name, str(Path(path).parent)
        numbered = any(file.get("numbered") for file in self.line["modules"]["files"] if file["path"] == path)
        words = f"made up: {name} {self.module_version()} of {folder}" if numbered else f"made up: {name} of L4T {self.l4t}"
        return words + ("" if kernel == self.release["kernel"] else f" for {kernel}")

    def module_version(self):
        return self.release.get("module_version", self.release["driver"])

    def modules_of(self, kernel, owned, built_in):
        board, source = self.board, self.line["modules"]["source"]
        if not owned:
            source = "the release's own out-of-tree modules, built anew for this kernel; made up: its name; as there: " + source
        top = f"/usr/lib/modules/{kernel}"
        inside = {file["path"] for file in self.line["modules"]["files"] if file["path"].endswith(("/nvgpu.ko", "/nvmap.ko"))}
        inside = inside if built_in else set()
        for file in self.line["modules"]["files"]:
            path = file["path"]
            elsewhere = file not in self.module_files()
            if path in inside or elsewhere and (not owned or file.get("only_there")):
                continue
            name = Path(path).stem.replace("-", "_")
            modinfo = []
            if file.get("numbered"):
                modinfo = [["version", self.module_version()], ["srcversion", self.srcversion(path, kernel)]]
            modinfo += [["license", file["license"]], ["depends", ",".join(file["depends"])], ["name", name],
                        ["vermagic", f"{kernel} SMP preempt mod_unload modversions aarch64"]]
            board.module(f"{top}/{path}", {"modinfo": modinfo, "build_id_of": self.module_words(path, kernel)},
                         source + "; vermagic as seen on modules of L4T; made up: build id, srcversion")
            if owned:
                self.own(file["package"], f"/lib/modules/{kernel}/{path}")
        used = {Path(file["path"]).stem: file for file in self.module_files() if file["path"] not in inside}
        board.text(f"{top}/modules.order", [file["path"] for file in used.values()], "made to fit the modules")
        depends = {file["path"]: [used[name]["path"] for name in file["depends"] if name in used] for file in used.values()}
        board.text(f"{top}/modules.dep", [" ".join([f"{path}:", *others]) for path, others in depends.items()],
                   "made to fit the modules")
        board.text(f"{top}/modules.builtin",
                   [*self.line["modules"]["built_in"], *sorted(path.replace("updates/", "kernel/") for path in inside)],
                   "form: Documentation/kbuild of Linux; made up: what else is built in")

    def srcversion(self, path, kernel):
        return hashlib.sha256(self.module_words(path, kernel).encode()).hexdigest()[:23].upper()

    def running_kernel(self):
        board, loaded = self.board, self.line["loaded"]
        board.text("/proc/sys/kernel/osrelease", [self.kernel],
                   "made up: a kernel of one's own" if self.own_kernel else words_of(self.release["source"]))
        board.text("/proc/sys/kernel/random/boot_id", [str(uuid.uuid5(uuid.NAMESPACE_URL, board.name))], "made up")
        lines = []
        for line in loaded[self.soc["id"]]:
            name, size, count, users, *taint = line.split(" ")
            if self.built_in:
                if name in ("nvgpu", "nvmap"):
                    continue
                users = ",".join(user for user in users.split(",") if user and user not in ("nvgpu", "nvmap"))
                users = users + "," if users and users != "-" else "-"
            lines.append(f"{name} {size} {count} {users} Live 0x0000000000000000{' (O)' if taint else ''}")
        board.text("/proc/modules", lines, loaded["source"])
        for file in self.module_files():
            name = Path(file["path"]).stem.replace("-", "_")
            place = f"/sys/module/{name}"
            if self.built_in and name in ("nvgpu", "nvmap"):
                # What is part of the kernel has only its parameters there.
                board.folder(f"{place}/parameters", "Linux kernel/params.c: a built-in module has no initstate and no notes")
                continue
            if name not in {line.split(" ", 1)[0] for line in lines}:
                continue
            source = "Linux kernel/module; made up: build id" + (", srcversion" if file.get("numbered") else "")
            board.text(f"{place}/initstate", ["live"], source)
            board.text(f"{place}/refcnt", ["1"], source)
            board.note(f"{place}/notes/.note.gnu.build-id", self.module_words(file["path"], self.kernel), source)
            if file.get("numbered"):
                board.text(f"{place}/version", [self.module_version()], words_of(self.release["source"]))
                board.text(f"{place}/srcversion", [self.srcversion(file["path"], self.kernel)], source)
        if self.state != "container" and any(line.startswith("nvidia ") for line in lines):
            board.text("/proc/driver/nvidia/version", [line.replace("{module}", self.module_version())
                                                       for line in self.line["nvrm"]["text"]], self.line["nvrm"]["source"])

    # The hardware.

    def hardware(self):
        board, soc = self.board, self.soc
        revision = soc["revision"] if self.kernel < "6" else "Silicon " + soc["revision"]
        source = words_of(soc["source"]) + "; newer kernels print two words for the revision"
        for name, value in (("family", "Tegra"), ("soc_id", soc["soc0_id"]), ("revision", revision)):
            board.text(f"/sys/devices/soc0/{name}", [value], source)
        for name in soc["devfreq"][self.line_name]:
            governor = "simple_ondemand" if soc["variant"] == "openrm" else "nvhost_podgov"
            board.text(f"/sys/class/devfreq/{name}/governor", [governor],
                       words_of(soc["source"]) + "; made up: the governor")
        if self.state == "container":
            return
        tree = "/sys/firmware/devicetree/base"
        board.strings(f"{tree}/model", [self.module["model"][self.line_name]], words_of(self.module["source"]))
        board.strings(f"{tree}/compatible", self.module["compatible"][self.line_name], words_of(self.module["source"]))
        board.link("/proc/device-tree", tree, "Linux drivers/of")
        board.text("/sys/devices/virtual/dmi/id/bios_version", [self.release["firmware"]], words_of(self.release["source"]))

    def nodes(self):
        shown = [name for name in self.soc["nodes"][self.line_name] if not (self.state == "container" and name == "display")]
        for name in shown:
            for path, major, minor, mode, group in MODULES["node_sets"][name]["nodes"]:
                if self.state == "container" and path.startswith("/dev/dri/"):
                    continue
                self.board.node(path, major, minor, mode, gid=GROUPS[group])

    # Packages.

    def l4t_packages(self):
        stamp = self.release["stamp"]
        kernel = self.release.get("kernel_package", self.release["kernel"])
        kernel = f"{kernel}-{self.l4t}-{self.release.get('kernel_stamp', stamp)}"
        for name in self.line["l4t_packages"]:
            self.packages[name] = f"{self.l4t}-{stamp}"
        if "nvidia-l4t-nvml" in self.owned:
            self.packages["nvidia-l4t-nvml"] = f"{self.l4t}-{stamp}"
        if not self.own_kernel or self.stock_kept:
            for name in {*self.line["kernel_packages"], *(file["package"] for file in self.module_files())}:
                self.packages[name] = kernel
        for name, version in self.line["other_packages"].items():
            if name not in self.release.get("without", []):
                self.packages[name] = version

    def feed(self):
        if self.release["feed"] is None:
            raise BadBoard(f"{self.board.name}: which CUDA packages {self.l4t} has is not established (releases.json)")
        return PACKAGES["feeds"][self.release["feed"]]

    def cuda(self):
        wanted = [key for key in ("cuda", "cudnn", "tensorrt") if self.described.get(key)]
        if not wanted:
            return
        feed = self.feed()
        version, dashed = feed["version"], feed["version"].replace(".", "-")
        for key in wanted:
            self.packages.update(feed[key])
        if "cuda" in wanted and self.soc["id"] != "T264":
            self.packages.update(feed["dla"])
        if len(wanted) == 3 and not self.release.get("without_jetpack"):
            self.packages.update(feed["jetpack"])
        cudart = feed["cuda"][f"cuda-cudart-{dashed}"]
        if self.state == "container":
            # An image of JetPack's runtime: cudart alone stands for its libraries.
            self.packages = {f"cuda-cudart-{dashed}": cudart}
        if "cuda" not in wanted:
            return
        board = self.board
        source = ("OE4T/meta-tegra cuda-shared-binaries.inc (targets), dusty-nv/jetson-containers l4t_version.py (version.json), "
                  "cuda-toolkit-config-common (links); made up: which components version.json lists")
        top, number = f"/usr/local/cuda-{version}", cudart.rsplit("-", 1)[0]
        folder = f"{top}/targets/{self.line['targets']}/lib"
        soname = "libcudart.so.11.0" if version.startswith("11.") else f"libcudart.so.{version.split('.')[0]}"
        board.library(f"{folder}/libcudart.so.{number}",
                      {"soname": soname, "needed": ["libc.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1"],
                       "build_id_of": f"made up: cudart {number}"}, source + "; made up: libcudart's content")
        board.link(f"{folder}/{soname}", f"libcudart.so.{number}", source)
        board.link(f"{top}/lib64", f"targets/{self.line['targets']}/lib", source)
        major = version.split(".")[0]
        for link in ("cuda", f"cuda-{major}"):
            board.link(f"/usr/local/{link}", f"/etc/alternatives/{link}", source)
            board.link(f"/etc/alternatives/{link}", top, source)
        stub = f"{folder}/stubs/libcuda.so"
        board.library(stub, {"soname": "libcuda.so.1", "functions": "driver", "stub": True, "size": 0},
                      "build guides for Jetson name its place; what the toolkit's stub is like: no NEEDED entries, and tiny functions "
                      "that return 34; made here from two instructions")
        for name, link in (("000_cuda", "cuda"), (f"987_cuda-{major}", f"cuda-{major}")):
            board.text(f"/etc/ld.so.conf.d/{name}.conf", [f"/usr/local/{link}/targets/{self.line['targets']}/lib"],
                       "cuda-toolkit-config-common, as a public test of CUDA 13.2's packages has it")
        components = {"cuda": {"name": "CUDA SDK", "version": feed["sdk"]},
                      "cuda_cudart": {"name": "CUDA Runtime (cudart)", "version": number},
                      "cuda_nvcc": {"name": "CUDA NVCC", "version": feed["cuda"][f"cuda-nvcc-{dashed}"].rsplit("-", 1)[0]}}
        board.text(f"{top}/version.json", json.dumps(components, indent=3) + "\n", source)
        self.own_with_folders(f"cuda-cudart-{dashed}", f"{folder}/libcudart.so.{number}", f"{folder}/{soname}")
        self.own_with_folders(f"cuda-driver-dev-{dashed}", stub)
        code = cuda_libraries.code_for(self.soc["id"], version)
        for package, files in cuda_libraries.put_all(board, self.packages, folder, "/usr/lib/aarch64-linux-gnu", code):
            self.own_with_folders(package, *files)

    def own_with_folders(self, package, *files):
        """As dpkg lists what is not NVIDIA's L4T: each folder on the way, too."""
        parents = [str(parent) for parent in reversed(Path(files[0]).parents) if str(parent) != "/"]
        self.own(package, *parents, *files)

    def compat(self):
        wanted = self.described.get("compat")
        if not wanted:
            return
        known = self._in(self._in(PACKAGES["compat"], wanted["product"], "packages.json"), wanted["cuda"], "packages.json")
        folder, file, source = known["folder"], known["file"], known["source"]
        needed = C_LIBRARIES + (TEGRA_LIBRARIES if wanted["product"] != "sbsa" else [])
        spec = {"soname": "libcuda.so.1", "needed": needed, "functions": "driver",
                "build_id_of": f"made up: libcuda of cuda_compat {known['version']}", "size": 36000000}
        if "note" in known:
            spec["compat_note"] = known["note"]
        self.board.library(f"{folder}/{file}", spec, LIBCUDA.format(source))
        self.board.link(f"{folder}/libcuda.so.1", file, source)
        self.board.link(f"{folder}/libcuda.so", "libcuda.so.1", source)
        self.packages[known["package"]] = known["version"]
        self.own_with_folders(known["package"], *(f"{folder}/{name}" for name in (file, "libcuda.so", "libcuda.so.1")))
        if wanted["enabled_by"] == "ld.so.conf":
            self.board.text("/etc/ld.so.conf.d/00-cuda-compat.conf", [folder],
                            "what users do, since nothing on the host enables a compat by itself; made up: the name, after the "
                            "00-compat-*.conf that NVIDIA/nvidia-container-toolkit writes in containers")
        elif wanted["enabled_by"] is not None:
            raise BadBoard(f"{self.board.name}: a compat is enabled_by \"ld.so.conf\" or null here, not {wanted['enabled_by']!r}")

    def dpkg(self):
        """A paragraph for each package, and the lists of those whose files matter."""
        paragraphs = []
        for name, version in sorted(self.packages.items()):
            of_l4t = name.startswith("nvidia-l4t-") and name != "nvidia-l4t-cudadebuggingsupport"
            paragraphs.append("\n".join([f"Package: {name}", "Status: install ok installed",
                                         f"Priority: {'standard' if of_l4t else 'optional'}",
                                         f"Section: {'libs' if of_l4t else 'multiverse/devel'}",
                                         f"Maintainer: {'NVIDIA Corporation' if of_l4t else 'cudatools <cudatools@nvidia.com>'}",
                                         "Architecture: arm64", f"Version: {version}", f"Description: {name}"]) + "\n")
        feeds = ("nvidia-l4t packages: " + words_of(self.line["source"]) + "; CUDA: " +
                 (words_of(PACKAGES["feeds"][self.release["feed"]]["source"]) if self.release["feed"] else "none") +
                 "; made up: sections, maintainer and descriptions")
        self.board.text("/var/lib/dpkg/status", "\n".join(paragraphs), feeds)
        for name, paths in self.owned.items():
            if name in self.packages:
                self.board.text(f"/var/lib/dpkg/info/{name}.list", ["/.", *paths],
                                "which package owns which file: " + self.line["libraries"]["source"])

    # Containers.

    def stand_in(self, path, source):
        """A program that is there, and that nothing must run."""
        self.board.text(path, ["#!/bin/sh", "set -eu",
                               f"# Stands in the place of {Path(path).name}: a board of the tests runs nothing.", "exit 1"],
                        f"its place: {source}; there is no program inside")

    def containers(self):
        board = self.board
        lists = {name: lines for name, lines in self.line["container_lists"].items() if name != "source"}
        for name, lines in lists.items():
            lines = [line.replace("{driver}", self.release["driver"]) for line in lines]
            by_csv = self.line_name == "R39" and self.soc["variant"] == "nvgpu"  # on Thor the toolkit asks NVML
            if by_csv and name == "drivers.csv" and self.state != "image":
                lines.append(f"lib, {VARIANTS}/nvgpu/libcuda.so.1.1")
            board.text(f"{LISTS}/{name}", lines, self.line["container_lists"]["source"] +
                       "; R39 adds libcuda at boot, made up: the form of that line")
        engine = self.described.get("containers")
        if engine is None:
            return
        if engine not in ("docker", "podman"):
            raise BadBoard(f"{board.name}: \"containers\" is docker, podman or null, not {engine!r}")
        # The toolkit of JetPack 5, 1.11, has no nvidia-ctk.
        tool = "nvidia-container-toolkit" if self.line_name == "R35" else "nvidia-ctk"
        for name in [tool, "nvidia-container-runtime", *(["dockerd", "containerd"] if engine == "docker" else ["podman"])]:
            self.stand_in(f"/usr/bin/{name}", "NVIDIA/nvidia-container-toolkit packaging/debian, or Ubuntu")
        if engine == "docker":
            runtime = {"runtimes": {"nvidia": {"args": [], "path": "nvidia-container-runtime"}}}
            board.text("/etc/docker/daemon.json", json.dumps(runtime, indent=4) + "\n",
                       "what nvidia-ctk runtime configure --runtime=docker writes: NVIDIA/nvidia-container-toolkit "
                       "pkg/config/engine/docker; on JetPack 5 the package nvidia-docker2 brings it")
        elif self.soc["variant"] == "openrm" and self.state == "running":
            self.cdi()

    def cdi(self):
        folder = f"{VARIANTS}/openrm" if self.line_name == "R39" else self.folder
        files = [f"{folder}/libcuda.so.1.1"]
        names = [name.replace("{driver}", self.release["driver"]).split(" ")[0]
                 for names in self.line["libraries"]["packages"].values() for name in names]
        wanted = ("libnvidia-nvvm", "libnvidia-ptx", "libnvidia-tls", *(["libnvidia-ml"] if self.nvml else []))
        files += sorted(f"{self.folder}/{name}" for name in names if name.startswith(wanted))
        lines = ["---", "cdiVersion: 0.5.0", "containerEdits:", "  deviceNodes:"]
        lines += [f"  - path: /dev/{name}" for name in ("nvidia-modeset", "nvidia-uvm", "nvidia-uvm-tools", "nvidiactl")]
        lines += ["  env:", "  - NVIDIA_VISIBLE_DEVICES=void", "  hooks:", "  - args:", "    - nvidia-cdi-hook",
                  "    - update-ldcache", "    - --folder", f"    - {folder}", "    hookName: createContainer",
                  "    path: /usr/bin/nvidia-cdi-hook", "  mounts:"]
        for file in files:
            lines += [f"  - containerPath: {file}", f"    hostPath: {file}", "    options:",
                      *(f"    - {option}" for option in ("ro", "nosuid", "nodev", "rbind", "rprivate"))]
        lines.append("devices:")
        nodes = [f"    - path: /dev/{node}" for node in ("nvidia0", "dri/card0", "dri/renderD128", "nvmap")]
        for name in ("0", "all"):
            lines += ["- containerEdits:", "    deviceNodes:", *nodes, f"  name: \"{name}\""]
        lines.append("kind: nvidia.com/gpu")
        self.board.text("/run/cdi/nvidia.yaml", lines, "form: NVIDIA/nvidia-container-toolkit pkg/nvcdi, whose service "
                        "nvidia-cdi-refresh writes it there; made up: which libraries it names")


def plain_machine(description):
    """No Jetson: a Debian 12 as installed on a virtual machine."""
    board, source = Board(description["name"]), "Debian 12 as installed on a virtual machine; versions are examples"
    kernel = "6.1.0-37-amd64"
    for path, lines in (("/etc/group", ["root:x:0:", "video:x:44:", "render:x:105:"]),
                        ("/etc/passwd", ["root:x:0:0:root:/root:/bin/bash"]),
                        ("/etc/os-release", ['PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"', 'NAME="Debian GNU/Linux"',
                                             'VERSION_ID="12"', 'VERSION="12 (bookworm)"', "VERSION_CODENAME=bookworm",
                                             "ID=debian"]),
                        ("/proc/modules", ["ext4 1130496 1 - Live 0x0000000000000000",
                                           "virtio_net 81920 0 - Live 0x0000000000000000"]),
                        ("/proc/sys/kernel/osrelease", [kernel]),
                        ("/proc/sys/kernel/random/boot_id", [str(uuid.uuid5(uuid.NAMESPACE_URL, board.name))]),
                        ("/sys/devices/virtual/dmi/id/bios_version", ["1.16.2-debian-1.16.2-1"]),
                        (f"/usr/lib/modules/{kernel}/modules.builtin", ["kernel/fs/ext4/ext4.ko"]),
                        (f"/usr/lib/modules/{kernel}/modules.dep", [])):
        board.text(path, lines, source)
    board.link("/lib", "usr/lib", source)
    board.driver = {"board": "orin", "driver_version": 12060}
    return board


def layout(description):
    return plain_machine(description) if description["distribution"] == "other" else Ubuntu(description).make()
