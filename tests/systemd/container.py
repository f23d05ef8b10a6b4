"""A real systemd as PID 1 with our files installed: systemd-nspawn on a small tree of this machine's own distribution.

The tree is built once (a minute or two) and kept in ~/.cache/jetcuda-check, by its suite and packages. Each container
gets an overlay of its own over it, into which the build is installed, and its own cgroup. Root is needed for all of it.
"""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
PATIENCE = 120  # seconds until a test gives up; nothing waits that long unless it fails

# nspawn without a machine manager, with the controllers and BPF that the sandbox directives need, in a view of the
# cgroup tree that holds version 2 only.
LAUNCH = """
umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup || exit 1
mkdir -p "$CGROUP" && echo $$ > "$CGROUP/cgroup.procs" || exit 1
exec systemd-nspawn -q -D "$TREE" -M "$NAME" --boot --register=no --keep-unit --console=pipe --private-network \
    --capability=all --system-call-filter=bpf
"""


def run(*command, check=True, **keywords):
    done = subprocess.run([str(word) for word in command], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          **keywords)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: exit status {done.returncode}\n{done.stdout}")
    return done.stdout


def until(condition, what, limit=PATIENCE):
    end = time.monotonic() + limit
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {limit} s: {what}")
        time.sleep(0.1)


def libraries_of(programs):
    """The packages that hold the shared libraries of these programs, beside what every tree has."""
    packages = set()
    for program in programs:
        for line in run("ldd", program).splitlines():
            words = line.split()
            if "=>" not in words:
                continue
            # dpkg knows a file by the path it was packed under, with or without /usr
            path = os.path.realpath(words[words.index("=>") + 1])
            for name in (path, path[len("/usr"):]):
                owner = run("dpkg-query", "--search", name, check=False)
                if ": /" in owner:
                    packages.add(owner.splitlines()[0].split(":")[0])
                    break
    return sorted(packages - {"libc6"})


class Tree:
    """The file system that all containers have below their own."""

    def __init__(self, programs):
        release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
        suite = release["VERSION_CODENAME"].strip('"')
        packages = ["systemd", "systemd-sysv", "dbus", *libraries_of(programs)]
        if release["ID"].strip('"') == "ubuntu":
            packages.append("dbus-daemon") if suite not in ("focal", "jammy") else None
        key = hashlib.sha256(json.dumps([suite, packages]).encode()).hexdigest()[:12]
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jetcuda-check"
        self.path = cache / f"tree-{suite}-{key}"
        if self.path.exists():
            return
        cache.mkdir(parents=True, exist_ok=True)
        fresh = cache / f"tree-{suite}-{key}.new-{os.getpid()}"
        print(f"building {self.path} (once; a minute or two)", file=sys.stderr, flush=True)
        run("mmdebstrap", "--variant=minbase", f"--include={','.join(packages)}", suite, fresh)
        try:
            fresh.rename(self.path)
        except OSError:  # another test was faster
            shutil.rmtree(fresh)


class Container:
    """One boot. Prepare it with the methods before start()."""

    count = 0

    def __init__(self, tree, build):
        Container.count += 1
        self.name = f"jetcuda-{os.getpid()}-{Container.count}"
        self.work = Path(tempfile.mkdtemp(prefix=f"{self.name}-", dir="/var/tmp"))
        self.mounted = []
        self.launcher = None
        self.leader = None
        self.root = self.work / "root"
        self._mount("tmpfs", "tmpfs", self.work, "mode=755")
        for name in ("upper", "work", "root"):
            (self.work / name).mkdir()
        self._mount("overlay", "overlay", self.root,
                    f"lowerdir={tree.path},upperdir={self.work}/upper,workdir={self.work}/work")
        run("cmake", "--install", build, "--strip", env={**os.environ, "DESTDIR": str(self.root)})
        run("systemd-sysusers", f"--root={self.root}")
        (self.root / "etc" / "machine-id").write_text("")

    def _mount(self, kind, what, where, options):
        run("mount", "-t", kind, "-o", options, what, where)
        self.mounted.append(where)

    def write(self, path, text, mode=0o644):
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.write_text(text)
        target.chmod(mode)

    def enable(self, *units):
        run("systemctl", f"--root={self.root}", "enable", *units)

    def start(self):
        cgroup = f"/sys/fs/cgroup/{self.name}"
        self.console = open(self.work / "console", "w+")
        self.launcher = subprocess.Popen(
            ["unshare", "-m", "--propagation", "private", "sh", "-c", LAUNCH], stdin=subprocess.DEVNULL,
            stdout=self.console, stderr=subprocess.STDOUT,
            env={"PATH": os.environ["PATH"], "TREE": str(self.root), "NAME": self.name, "CGROUP": cgroup})
        self.leader = until(lambda: self._alive() and self._first_process(), "a first process")
        until(lambda: self._alive() and self.run("systemctl", "is-system-running", check=False).strip()
              in ("running", "degraded"), f"the end of the boot\n{self.console_text()}")

    def _children(self):
        return Path(f"/proc/{self.launcher.pid}/task/{self.launcher.pid}/children").read_text().split()

    def _first_process(self):
        """The child that is PID 1 inside. systemd-nspawn has another one before it, which sets up and ends."""
        for child in self._children():
            try:
                status = Path(f"/proc/{child}/status").read_text()
            except OSError:  # ended in between
                continue
            if re.search(r"^NSpid:\t\d+\t1$", status, re.MULTILINE):
                return int(child)
        return None

    def _alive(self):
        if self.launcher.poll() is not None:
            raise AssertionError(f"systemd-nspawn ended: {self.console_text()}")
        return True

    def console_text(self):
        return (self.work / "console").read_text(errors="replace")

    def run(self, *command, user=None, check=True, input=None):
        """A command inside, as root or as another user; answers its output."""
        words = ["nsenter", "-t", str(self.leader), "-m", "-p", "-u", "-i", "-n", "-C", "env", "-i",
                 "PATH=/usr/sbin:/usr/bin", "LC_ALL=C.UTF-8", "SYSTEMD_PAGER="]
        if user:
            words += ["setpriv", f"--reuid={user}", "--clear-groups"]
        return run(*words, *command, check=check, input=input)

    def show(self, unit, name):
        return self.run("systemctl", "show", "--value", "-p", name, unit).strip()

    def is_active(self, unit):
        return self.show(unit, "ActiveState") == "active"

    def journal(self, *arguments):
        return self.run("journalctl", "-b", "--no-pager", "-o", "cat", *arguments)

    def bus(self, *arguments, user=None, check=True):
        return self.run("busctl", "call", "io.jetcuda.Check1", "/io/jetcuda/Check1", "io.jetcuda.Check1.Manager",
                        *arguments, user=user, check=check).strip()

    def property(self, name):
        return json.loads(self.run("busctl", "--json=short", "get-property", "io.jetcuda.Check1", "/io/jetcuda/Check1",
                                   "io.jetcuda.Check1.Manager", name))["data"]

    def close(self):
        if self.launcher:
            for child in self._children() if self.launcher.poll() is None else []:
                try:
                    os.kill(int(child), signal.SIGKILL)  # the kernel ends everything else in it
                except ProcessLookupError:
                    pass
            self.launcher.wait(30)
            self.console.close()
            subprocess.run(["unshare", "-m", "--propagation", "private", "sh", "-c",
                            "umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && "
                            f"find /sys/fs/cgroup/{self.name} -depth -type d -exec rmdir {{}} +"], check=False)
        for where in reversed(self.mounted):
            run("umount", "-l", where)
        shutil.rmtree(self.work, ignore_errors=True)
