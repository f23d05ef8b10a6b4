#!/usr/bin/env python3
"""Our re-enactment of the loader against the loader itself, on hundreds of random systems (layouts.py).

    differential_test.py --reenactment PROGRAM [--count N] [--seed S] [--tree DIR] [--machine aarch64] [--keep]

Each system is made in a folder, its cache is written by the real ldconfig, and a program is started in it as root of a
chroot; what the real loader loaded, and what dlopen() gave, must be what our re-enactment says of the same folder.
--tree: the glibc of that tree (of another distribution) in place of this machine's. Root is needed (exit status 77).
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import elf_template
from layouts import Layout

LOADERS = {"x86_64": "/lib64/ld-linux-x86-64.so.2", "aarch64": "/lib/ld-linux-aarch64.so.1"}
COMPILERS = {"x86_64": "gcc", "aarch64": "aarch64-linux-gnu-gcc"}


class Chroot:
    """One folder for all systems, one after the other, since /proc (for $ORIGIN) is mounted into it once."""

    def __init__(self, work, tree, machine):
        self.root, self.tree, self.machine = work / "root", tree, machine
        self.triplet = f"{machine}-linux-gnu"
        self.emulator = shutil.which("qemu-aarch64-static") if machine != os.uname().machine else None
        ldconfig = next(path for path in (tree / "sbin/ldconfig", tree / "usr/sbin/ldconfig") if path.exists())
        self.ldconfig = [self.emulator, ldconfig] if self.emulator else [ldconfig]
        self.base = work / "base"  # the C library, copied once and then linked
        self.base.mkdir()
        self.templates = elf_template.Templates(COMPILERS[machine], LOADERS[machine], work / "templates")
        self.proc = self.root / "proc"
        self.proc.mkdir(parents=True)
        subprocess.run(["mount", "--bind", "/proc", self.proc], check=True)

    def close(self):
        subprocess.run(["umount", self.proc], check=True)

    def place(self, path):
        return self.root / path.lstrip("/")

    def make(self, layout):
        for entry in self.root.iterdir():
            if entry.name != "proc":
                shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
        self._make_base(layout)
        for folder in [*layout.places, *layout.folders]:
            self.place(folder).mkdir(parents=True, exist_ok=True)
        for path, what in layout.files.items():
            self._write(path, what)
        for path, target in layout.links.items():
            self.place(path).parent.mkdir(parents=True, exist_ok=True)
            if not os.path.lexists(self.place(path)):
                self.place(path).symlink_to(target)
        self._put(layout.program, self.templates.make_program(**layout.program_words), 0o755)
        for path, lines in layout.configuration.items():
            self._put(path, ("\n".join(lines) + "\n").encode())
        if layout.preload_file:
            self._put("/etc/ld.so.preload", (layout.preload_file + "\n").encode())
        self._make_cache(layout)
        for path in layout.removed:
            self.place(path).unlink()
        for path, what in layout.late_files.items():
            if not os.path.lexists(self.place(path)):
                self._write(path, what)

    def _put(self, path, content, mode=0o644):
        target = self.place(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(mode)

    def _make_base(self, layout):
        self.place("/usr/lib").mkdir(parents=True)
        if layout.merged:
            self.place("/lib").symlink_to("usr/lib")
        here = self.place(f"/lib/{self.triplet}")
        here.mkdir(parents=True)
        there = self.tree / f"lib/{self.triplet}"
        loader = LOADERS[self.machine]
        real = os.path.basename(loader) if "2.31" not in os.path.realpath(there / "libc.so.6") else "ld-2.31.so"
        for name in ("libc.so.6", "libdl.so.2", real):
            if not (self.base / name).exists():
                shutil.copyfile(there / name, self.base / name)
                (self.base / name).chmod(0o755)
            os.link(self.base / name, here / name)
        self.place(loader).parent.mkdir(exist_ok=True)
        self.place(loader).symlink_to(f"/lib/{self.triplet}/{real}")
        if self.emulator:
            self._put("/emulator", Path(self.emulator).read_bytes(), 0o755)

    def _write(self, path, what):
        kind, soname, words = what
        library = self.templates.make_library(None if kind == "no-soname" else soname, **words)
        other = 183 if self.machine == "x86_64" else 62
        content = {"other-machine": lambda: elf_template.for_machine(library, other),
                   "32-bit": lambda: elf_template.of_class_32(library), "empty": lambda: b"", "text": lambda: b"INPUT(-lx)\n" * 9,
                   "program": lambda: library[:16] + b"\2\0" + library[18:]}.get(kind, lambda: library)()
        self._put(path, content)

    def _make_cache(self, layout):
        if layout.cache == "none":
            return
        more = ["-c", "compat"] if layout.cache == "compat" else []
        subprocess.run([*self.ldconfig, "-r", self.root, *more], check=False, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        cache = self.place("/etc/ld.so.cache")
        if layout.cache == "cut":
            cache.write_bytes(cache.read_bytes()[:layout.random.randint(0, cache.stat().st_size - 1)])
        elif layout.cache == "garbage":
            cache.write_bytes(b"no cache at all\n" * 8)

    def real(self, layout):
        """What the loader does: paths loaded at the start, None where the program did not start, and its answers."""
        environment = {}
        if layout.library_path:
            environment["LD_LIBRARY_PATH"] = layout.library_path
        if layout.preload:
            environment["LD_PRELOAD"] = layout.preload
        arguments = [word for ask in layout.asks for word in ask]
        command = [layout.started_as, *arguments]
        if self.emulator:
            settings = [word for name, value in environment.items() for word in ("-E", f"{name}={value}")]
            command, environment = ["/emulator", *settings, *command], {}

        def enter():
            os.chroot(self.root)
            os.chdir(layout.working_folder)

        done = subprocess.run(command, env=environment, preexec_fn=enter, text=True, errors="replace", timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        lines = [line.split(" ", 1) for line in done.stdout.splitlines()]
        answers = [line[1] if line[0] == "took" else None for line in lines if line[0] != "loaded"]
        if done.returncode != 0:
            return None, [], (done.stderr.splitlines() or [f"it died of signal {-done.returncode}"])[-1]
        loaded = [line[1] for line in lines if line[0] == "loaded"]
        return loaded, answers, done.stderr

    def ours(self, layout, reenactment):
        request = {"root": str(self.root), "program": layout.started_as, "library_path": layout.library_path,
                   "preload": layout.preload, "folder": layout.working_folder, "asks": layout.asks, "machine": self.machine}
        reenactment.stdin.write(json.dumps(request) + "\n")
        reenactment.stdin.flush()
        answer = json.loads(reenactment.stdout.readline())
        if answer.get("problems"):
            return None, [], answer["problems"]
        return answer["loaded"], answer["answers"], answer.get("problems")


def without_loader(paths):
    return None if paths is None else [path for path in paths if "ld-linux" not in path and "vdso" not in path]


def compare(chroot, seed, reenactment, tally):
    layout = Layout(seed, chroot.triplet)
    chroot.make(layout)
    real, real_answers, said = chroot.real(layout)
    ours, our_answers, problems = chroot.ours(layout, reenactment)
    tally["started" if real is not None else "not started"] += 1
    tally["answers"] += len(real_answers)
    tally["found"] += sum(answer is not None for answer in real_answers)
    same = without_loader(real) == without_loader(ours) and real_answers == our_answers
    if real is None and ours is None:
        # "…: error while loading shared libraries: NAME: why", and NAME is a path where a file was refused
        name = said.split("libraries: ")[-1].split(":")[0]
        same = any(name in problem for problem in problems)
    if same:
        return True
    print(f"seed {seed}: the loader and our re-enactment differ\n  asks   {layout.asks}\n"
          f"  loader {without_loader(real)} {real_answers}\n         {said[:400]}\n"
          f"  ours   {without_loader(ours)} {our_answers}\n         {problems}\n"
          f"  LD_LIBRARY_PATH {layout.library_path!r}, LD_PRELOAD {layout.preload!r}, in {layout.working_folder}, "
          f"cache {layout.cache}\n  program {layout.started_as} {layout.program_words}")
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reenactment", required=True)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tree", type=Path, default=Path("/"))
    parser.add_argument("--machine", default="x86_64", choices=sorted(LOADERS))
    parser.add_argument("--keep", action="store_true", help="the folder of the last system stays, for a look")
    arguments = parser.parse_args()
    if os.geteuid() != 0 or os.uname().machine not in ("x86_64", arguments.machine):
        print("skipped: this needs root and, but for an emulator, an x86-64 machine")
        return 77
    if not os.environ.get("JETCUDA_OWN_MOUNTS"):
        os.environ["JETCUDA_OWN_MOUNTS"] = "yes"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv])
    work = Path(tempfile.mkdtemp(prefix="jetcuda-loader-"))
    reenactment = subprocess.Popen([arguments.reenactment], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    tally = {"started": 0, "not started": 0, "answers": 0, "found": 0}
    wrong = []
    chroot = None
    try:
        chroot = Chroot(work, arguments.tree, arguments.machine)
        for seed in range(arguments.seed, arguments.seed + arguments.count):
            if not compare(chroot, seed, reenactment, tally):
                wrong.append(seed)
    finally:
        reenactment.stdin.close()
        reenactment.wait()
        if chroot is not None:
            chroot.close()  # before anything is removed: /proc is in there
        if not arguments.keep and not os.path.ismount(work / "root/proc"):
            shutil.rmtree(work)
    words = ", ".join(f"{count} {name}" for name, count in tally.items())
    print(f"{arguments.count - len(wrong)} of {arguments.count} systems agree ({words}); glibc of {arguments.tree}, {arguments.machine}")
    if arguments.keep:
        print(work)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
