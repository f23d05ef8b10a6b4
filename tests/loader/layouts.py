"""Random little systems for the loader: folders, libraries and what is not one, links, search paths in files and in the
environment, configurations and caches that are fresh, stale, old or not there. A seed always makes the same system."""

import random

TARGET = "libcuda.so.1"
OTHERS = ["liba.so.1", "libb.so.1", "libcudart.so.12"]
HWCAPS = {"x86_64": ["glibc-hwcaps/x86-64-v2", "glibc-hwcaps/x86-64-v3", "glibc-hwcaps/x86-64-v4", "tls", "haswell", "x86_64",
                     "haswell/x86_64", "tls/haswell"],
          "aarch64": ["glibc-hwcaps/v8", "tls", "atomics", "aarch64", "tls/aarch64", "aarch64/atomics"]}


class Layout:
    def __init__(self, seed, triplet):
        self.random = random.Random(seed)
        self.triplet = triplet
        self.machine = triplet.split("-")[0]
        self.files = {}    # path: (kind, soname, words for the template)
        self.links = {}    # path: target
        self.folders = set()
        self.merged = self.random.random() < 0.5  # /lib is a link to usr/lib
        # What happens behind ldconfig's back.
        self.late_files, self.removed = {}, set()
        self._places()
        self._libraries()
        self._program()
        self._configuration()
        self._environment()
        self._stale()

    def chance(self, probability):
        return self.random.random() < probability

    def some(self, things, most):
        things = list(things)
        return self.random.sample(things, self.random.randint(0, min(most, len(things))))

    def _places(self):
        lib = "/usr/lib" if self.merged else "/lib"
        self.system = ["/usr/lib", f"/usr/lib/{self.triplet}", lib, f"{lib}/{self.triplet}"]
        self.places = ["/opt/a", "/opt/a/lib", "/opt/b", f"/opt/a/lib/{self.triplet}", f"/usr/lib/{self.triplet}/nvidia",
                       "/usr/local/lib", "/usr/local/cuda/lib64", "/usr/local/cuda/lib64/stubs", "/srv/work", "/srv/work/lib",
                       "/opt/b/haswell", *self.system]

    def _kind(self):
        return self.random.choices(
            ["library", "no-soname", "other-machine", "32-bit", "empty", "text", "folder", "dangling", "loop", "program"],
            [78, 4, 6, 4, 2, 1, 1, 2, 1, 1])[0]

    def _taken(self, path):
        return path in self.files or path in self.links or path in self.folders

    def _put(self, folder, name, soname, **words):
        path = f"{folder}/{name}"
        if self._taken(path):
            return
        kind = self._kind()
        real = name + ".1"
        if kind == "library" and self.chance(0.4) and not self._taken(f"{folder}/{real}"):
            # As packages lay it out: a real file, and a link of the name.
            self.files[f"{folder}/{real}"] = ("library", soname, words)
            self.links[path] = real
        elif kind == "library" and self.chance(0.15):
            self.links[path] = f"{self.random.choice(self.places)}/{name}"
        elif kind == "dangling":
            self.links[path] = "nowhere.so"
        elif kind == "loop":
            self.links[path] = name
        elif kind == "folder":
            self.folders.add(path)
        else:
            self.files[path] = (kind, soname, words)

    def _libraries(self):
        self.holding = []  # folders that search paths had better name
        placed = []
        for name in [TARGET, *OTHERS]:
            folders = self.random.sample(self.places, self.random.randint(0 if name == TARGET else 2, 6))
            placed.append((name, folders))
            self.holding += folders
        for name, folders in placed:
            for folder in folders:
                soname = name if self.chance(0.85) else self.random.choice([TARGET, *OTHERS, "libelse.so.2"])
                words = {}
                if name != TARGET and self.chance(0.6):
                    words = self._own_paths()
                    words["needed"] = self.some([other for other in [TARGET, *OTHERS] if other != name], 2)
                self._put(folder, name, soname, **words)
                if self.chance(0.2):
                    self._put(f"{folder}/{self.random.choice(HWCAPS[self.machine])}", name, soname)
        if self.chance(0.3):
            self._put(self.random.choice(self.places), "libcuda.so", TARGET)

    def _folder(self):
        return self.random.choice(self.holding if self.holding and self.chance(0.7) else self.places)

    def _element(self):
        plain = self._folder()
        return self.random.choice([
            *[plain] * 12, plain + "/", plain + "//", "$ORIGIN", "$ORIGIN/../lib", "${ORIGIN}/lib", "/opt/a/$LIB",
            "/usr/${LIB}", "/opt/b/$PLATFORM", "", "lib", ".", "/nowhere", "$ORIGINAL/lib", "/opt/$NOTHING", "/opt/a/program",
            "/opt/loop"])

    def _path(self, separators=":"):
        elements = [self._element() for _ in range(self.random.randint(1, 4))]
        text = elements[0]
        for element in elements[1:]:
            text += self.random.choice(separators) + element
        return text

    def _own_paths(self):
        words = {}
        choice = self.random.random()
        if choice < 0.3:
            words["rpath"] = self._path()
        elif choice < 0.6:
            words["runpath"] = self._path()
        elif choice < 0.7:
            words["rpath"], words["runpath"] = self._path(), self._path()
        words["no_defaults"] = self.chance(0.08)
        return words

    def _program(self):
        self.program_words = self._own_paths()
        self.program_words["needed"] = self.some([TARGET, *OTHERS], 3)
        self.program = "/opt/a/bin/program"
        if self.chance(0.2):
            self.links["/usr/bin/program"] = "../../opt/a/bin/program"
            self.started_as = "/usr/bin/program"
        else:
            self.started_as = self.program
        self.links.setdefault("/opt/loop", "loop")
        asks = [["", TARGET]]
        asks += [[name, TARGET] for name in OTHERS if self.chance(0.5)]
        if self.chance(0.3):
            asks.append(["", self.random.choice([f"{place}/{TARGET}" for place in self.places] + [
                f"$ORIGIN/../lib/{TARGET}", f"lib/{TARGET}", f"./{TARGET}", f"/opt/a/$LIB/{TARGET}", "libelse.so.2", "libcuda.so"])])
        self.random.shuffle(asks)
        self.asks = asks

    def _configuration(self):
        lines = []
        self.configuration = {}
        for folder in dict.fromkeys(self._folder() for _ in range(self.random.randint(0, 9))):
            line = folder + self.random.choice(["", "", "/", "  # a comment", "\t"])
            where = self.random.choice(["main", "10-x.conf", "90-y.conf", "nested"])
            if where == "main":
                lines.append(line)
            elif where == "nested":
                self.configuration.setdefault("/etc/ld.so.more/z.list", []).append(line)
            else:
                self.configuration.setdefault(f"/etc/ld.so.conf.d/{where}", []).append(line)
        lines.insert(self.random.randint(0, len(lines)), "include " + self.random.choice(
            ["/etc/ld.so.conf.d/*.conf", "ld.so.conf.d/*.conf", "/etc/ld.so.conf.d/*.conf ld.so.more/?.list"]))
        if self.chance(0.3):
            lines.append("include /etc/ld.so.more/*.list")
        if self.chance(0.1):
            lines.append("hwcap 1 nosegneg")
        self.configuration["/etc/ld.so.conf"] = ["# made by a test", "", *lines]
        self.cache = self.random.choices(["fresh", "compat", "none", "cut", "garbage"], [70, 8, 14, 4, 4])[0]

    def _environment(self):
        self.library_path = self._path(":;") if self.chance(0.4) else ""
        self.preload = ""
        if self.chance(0.12):
            names = [TARGET, *OTHERS, f"/opt/b/{TARGET}", "/nowhere/libx.so"]
            self.preload = self.random.choice([" ", ":"]).join(self.random.sample(names, self.random.randint(1, 2)))
        self.preload_file = self.random.choice([TARGET, "liba.so.1 /opt/b/libcuda.so.1"]) if self.chance(0.06) else ""
        self.working_folder = self.random.choice(["/", "/srv/work", "/opt/a"])

    def _stale(self):
        if self.cache != "fresh" or not self.chance(0.3):
            return
        candidates = [path for path in self.files if path.startswith(tuple(self.places))]
        self.removed = set(self.some(candidates, 2))
        for folder in self.some(self.places, 2):
            path = f"{folder}/{TARGET}"
            if not self._taken(path):
                self.late_files[path] = ("library", TARGET, {})
