#!/usr/bin/env python3
"""jetcuda-check works without what a board may well not have: nvidia-smi, Python, NVML, polkit, a bus and a network, in all
64 combinations, and without root, and without the database of packages (dpkg, opkg).

    works_without_test.py --binaries DIR --simulated LIBRARY [--board BOARD]

Each is taken away twice, as far as that can be: from the board that is judged, and from the program's own run. There, what
is present would notice being used: nvidia-smi and Python stand in PATH as scripts that leave a record, and the bus is a
socket that counts who connects. What is absent is out of PATH and out of the environment, and with the rights for it the
run gets a network of its own without any interface, an empty /run, and /dev/null in the place of the real Python.

The report must be word for word that of the board with everything, but for the checks in DEGRADED, which say what they
miss. That the test would notice is tested too: without libcuda every combination must say so.
"""

import argparse
import copy
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "roots"), str(HERE.parent / "drivers")]
import make_board
import simulated_driver
from program_under_test import NOBODY, Failed, Program, expect, run_cases
from whole_program_test import stable

THINGS = ("nvidia-smi", "python", "nvml", "polkit", "bus", "network")
BOARDS = ("orin-r36.5", "orin-nixos-r36-compat", "thor-yocto-r38.4")

# Which checks say something else for the want of something, by board and by what is missing. Everything else, the verdict
# included, stays as it is.
# The lists of what containers are given name these files: how many are missing is told, and that none is needed.
COUNTED = {"container-mounts-exist": ("pass", "optional-missing")}
NO_DATABASE = {check: ("not-applicable", "no-package-database")
               for check in ("l4t-packages-agree", "cuda-packages-agree", "cudnn-fits-cuda", "tensorrt-fits-cuda",
                             "no-desktop-driver-is-installed")}
DEGRADED = {
    ("orin-r36.5", "nvidia-smi"): COUNTED,
    ("orin-r36.5", "nvml"): COUNTED,
    # Which package brought nvgpu told its release; the CUDA libraries in /usr/local still say of what build they are.
    ("orin-r36.5", "packages"): {**NO_DATABASE, "driver-matches-module": ("not-applicable", "module-release-not-recorded"),
                                 "cuda-packages-are-for-this-board": ("pass", "ok")},
    ("thor-yocto-r38.4", "packages"): NO_DATABASE,
}

# What a board gets so that it can be taken away, where its layout has it not.
STAND_IN = "#!/bin/sh\n# Stands in the place of a program: a board of the tests runs nothing.\nexit 1\n"
ON_EVERY_BOARD = {
    "network": {"/etc/resolv.conf": "nameserver 127.0.0.53\n", "/sys/class/net/eth0/operstate": "up\n",
                "/proc/net/route": "Iface\tDestination\tGateway\neth0\t00000000\t0100A8C0\n"},
}
IN_USR = {
    "python": {"/usr/bin/python3.10": STAND_IN},
    "polkit": {"/usr/lib/polkit-1/polkitd": STAND_IN, "/usr/bin/pkcheck": STAND_IN,
               "/usr/share/polkit-1/actions/org.freedesktop.policykit.policy": "<policyconfig/>\n"},
    "bus": {"/usr/bin/dbus-daemon": STAND_IN, "/usr/share/dbus-1/system.conf": "<busconfig/>\n"},
}
IN_STORE = {
    "python": {"bin/python3": STAND_IN},
    "polkit": {"bin/pkcheck": STAND_IN, "share/polkit-1/actions/org.freedesktop.policykit.policy": "<policyconfig/>\n"},
    "bus": {"bin/dbus-daemon": STAND_IN, "share/dbus-1/system.conf": "<busconfig/>\n"},
}
OF_THE_LAYOUT = {"nvidia-smi": ["*/nvidia-smi"], "nvml": ["*/libnvidia-ml.so*"]}
PACKAGE_DATABASES = {"ubuntu": "/var/lib/dpkg", "yocto": "/var/lib/opkg"}  # NixOS has none that could be missing


class Everything:
    """The board with everything on it, and the paths of each thing."""

    def __init__(self, name):
        self.board = make_board.load(name)
        self.board.keep_cache()
        self.distribution = make_board.describe(name)["distribution"]
        self.paths = {thing: [path for pattern in patterns for path in self.board.matching(pattern)]
                      for thing, patterns in OF_THE_LAYOUT.items()}
        for thing, files in {**ON_EVERY_BOARD, **self.programs()}.items():
            self.paths[thing] = list(files)
            for path, text in files.items():
                self.board.text(path, text, "works_without_test.py")

    def programs(self):
        if self.distribution != "nixos":
            return IN_USR
        place = next(entry.value for path, entry in self.board.entries.items()
                     if path.endswith("/sw") and path.startswith("/nix/store/"))
        return {thing: {f"{place}/{path}": text for path, text in files.items()} for thing, files in IN_STORE.items()}

    def without(self, things):
        """A board without these, links to them included."""
        paths = {path for thing in things for path in self.paths[thing]}
        board = copy.copy(self.board)
        board.entries = {path: entry for path, entry in self.board.entries.items() if path not in paths}
        return board


class Surroundings:
    """What stands around a run of the program."""

    def __init__(self, work):
        self.work, self.record = work, work / "was-run"
        self.callers = 0
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(work / "bus"))
        self.socket.listen()
        (work / "bus").chmod(0o777)
        threading.Thread(target=self._count, daemon=True).start()
        self.hides = self._can_hide()

    def _count(self):
        while True:
            connection, _ = self.socket.accept()
            self.callers += 1
            connection.close()

    @staticmethod
    def _can_hide():
        words = ["/usr/bin/unshare", "--mount", "--net", "/bin/sh", "-c", "mount -t tmpfs none /run"]
        return os.geteuid() == 0 and Path(words[0]).exists() and subprocess.run(words, capture_output=True).returncode == 0

    def put_around(self, program, absent):
        path = self.work / ("path-" + ("-".join(sorted(set(absent) & {"nvidia-smi", "python"})) or "all"))
        if not path.is_dir():
            path.mkdir()
            for thing, names in (("nvidia-smi", ["nvidia-smi"]), ("python", ["python3", "python"])):
                for name in names if thing not in absent else []:
                    (path / name).write_text(f"#!/bin/sh\necho {name} >> {self.record}\nexit 1\n")
                    (path / name).chmod(0o755)
        program.environment = {"PATH": str(path), "LC_ALL": "C.UTF-8"}
        if "bus" not in absent:
            program.environment["DBUS_SYSTEM_BUS_ADDRESS"] = f"unix:path={self.work}/bus"
        program.around = []
        if not self.hides:
            return
        script, unshare = "set -e\n", ["/usr/bin/unshare", "--mount"]
        if "network" in absent:
            unshare.append("--net")
        if "bus" in absent:
            script += "/usr/bin/mount -n -t tmpfs none /run\n"
        if "python" in absent:
            # In the program's own view only: this test itself runs on it.
            for real in sorted({Path(name).resolve() for name in Path("/usr/bin").glob("python3*") if name.exists()}):
                script += f"/usr/bin/mount -n --bind /dev/null {real}\n"
        program.around = [*unshare, "/bin/sh", "-c", script + 'exec "$@"', "surroundings"]


class Trial:
    def __init__(self, program, surroundings, simulated, work):
        self.program, self.surroundings, self.simulated = program, surroundings, simulated
        self.root, self.driver = work / "root", work / "driver"
        self.boards, self.runs = {}, 0

    def everything(self, name):
        if name not in self.boards:
            self.boards[name] = Everything(name)
        return self.boards[name]

    def reports(self, board, absent, as_nobody=False):
        """What the program says of the board, without a probe and with one, in surroundings without `absent`."""
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir(parents=True)
        board.write(self.root)
        driver = simulated_driver.lay_out(self.driver, self.simulated, board.driver, board)
        self.surroundings.put_around(self.program, absent)
        answers = {}
        for kind, more in (("no-probe", ["--no-probe"]), ("driver", ["--driver", str(driver)])):
            report = self.program.report(self.root, [*board.arguments, *more], as_nobody)
            answers[kind] = {"digest": report["digest"], **stable(report, [])}
            self.runs += 1
        return answers


def differences(whole, came):
    """The checks that differ, and what else does."""
    wanted = {check["id"]: check for check in whole["checks"]}
    checks = {check["id"]: (check["status"], check["code"]) for check in came["checks"] if check != wanted.get(check["id"])}
    return checks, {key for key in whole if key not in ("checks", "digest") and whole[key] != came[key]}


def hold(whole, came, declared, what):
    for kind in whole:
        checks, other = differences(whole[kind], came[kind])
        expect(checks == declared, f"{what} ({kind}): these checks say something else: {checks}; declared are {declared}")
        expect(not other, f"{what} ({kind}): the report differs in {sorted(other)}: {[came[kind][key] for key in sorted(other)]}")
        if not checks:
            expect(whole[kind]["digest"] == came[kind]["digest"], f"{what} ({kind}): another digest for the same findings")


def declared_for(name, things):
    return {check: words for thing in things for check, words in DEGRADED.get((name, thing), {}).items()}


def all_combinations(trial, name):
    everything = trial.everything(name)
    whole = trial.reports(everything.board, [])
    expect(whole["driver"]["verdict"] == "healthy", f"{name} with everything is {whole['driver']['verdict']}")
    count = 0
    for size in range(1, len(THINGS) + 1):
        for absent in itertools.combinations(THINGS, size):
            hold(whole, trial.reports(everything.without(absent), absent), declared_for(name, absent),
                 f"{name} without {', '.join(absent)}")
            count += 1
    expect(count + 1 == 2 ** len(THINGS), f"{count + 1} combinations were tried")


def without_packages(trial, name):
    everything = trial.everything(name)
    whole = trial.reports(everything.board, [])
    database = PACKAGE_DATABASES[everything.distribution]
    board = everything.without([])
    board.entries = {path: entry for path, entry in board.entries.items() if not path.startswith(database + "/")}
    hold(whole, trial.reports(board, []), declared_for(name, ["packages"]), f"{name} without {database}")


def as_nobody(trial, name):
    everything = trial.everything(name)
    whole = trial.reports(everything.board, [])
    hold(whole, trial.reports(everything.board, [], as_nobody=True), declared_for(name, ["root"]),
         f"{name}, judged by user {NOBODY if os.geteuid() == 0 else os.geteuid()}")


def libcuda_matters(trial, name):
    """Something that does matter is noticed with all of the six, and without any of them."""
    everything = trial.everything(name)
    for absent in ((), THINGS):
        board = everything.without(absent)
        board.entries = {path: entry for path, entry in board.entries.items() if "/libcuda.so" not in path}
        came = trial.reports(board, absent)
        for kind, report in came.items():
            expect(report["verdict"] == "unhealthy" and report["reason"] == "libcuda-is-found",
                   f"{name} without libcuda and {', '.join(absent) or 'nothing else'} ({kind}): {report['verdict']}, "
                   f"{report['reason']}")
        try:
            hold(trial.reports(everything.board, []), came, {}, name)
        except Failed:
            continue
        raise Failed(f"{name}: a report without libcuda was held to be the same")


def surroundings_are_real(trial):
    """The stand-ins would be noticed, and what is absent cannot be found."""
    surroundings, program = trial.surroundings, trial.program
    look = ["/bin/sh", "-c", "nvidia-smi; python3; while read -r line; do echo \"net $line\"; done < /proc/net/dev; "
            "echo bus ${DBUS_SYSTEM_BUS_ADDRESS-none}; for each in /run/*; do echo \"run $each\"; done; "
            "[ -c /usr/bin/python3 ] && echo python is hidden"]
    for absent in ((), THINGS):
        surroundings.put_around(program, absent)
        done = subprocess.run([*program.around, *look], env=program.environment, capture_output=True, text=True)
        recorded = surroundings.record.read_text().split() if surroundings.record.exists() else []
        surroundings.record.unlink(missing_ok=True)
        expect(recorded == ([] if absent else ["nvidia-smi", "python3"]), f"without {absent}: {recorded} were found and run")
        expect(("bus none" in done.stdout) == bool(absent), f"without {absent} the environment says {done.stdout}")
        if not surroundings.hides:
            continue
        interfaces = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("net ") and ":" in line]
        if absent:
            expect(set(interfaces) <= {"lo:"}, f"there is still a network: {interfaces}")
            expect("run /run/*" in done.stdout, f"/run still holds something: {done.stdout}")
            expect("python is hidden" in done.stdout or not Path("/usr/bin/python3").exists(), "Python is still there")
    before = surroundings.callers
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(surroundings.work / "bus"))
        caller.recv(1)  # until it was counted and closed
    expect(surroundings.callers == before + 1, "a caller of the bus was not counted")
    surroundings.callers = 0


def nothing_was_used(trial):
    record = trial.surroundings.record
    expect(not record.exists(), f"the program ran {record.read_text().split() if record.exists() else ''}")
    expect(trial.surroundings.callers == 0, f"`run` connected to the bus {trial.surroundings.callers} times")


def status_without_a_bus(trial):
    """`status` asks the daemon; without a bus it says so, and judges here and now as `run` does."""
    program = trial.program
    trial.surroundings.put_around(program, THINGS)
    if not trial.surroundings.hides:
        program.environment["DBUS_SYSTEM_BUS_ADDRESS"] = "unix:path=/nonexistent"
    told = program.start(["status", "--json", *program.places])
    judged = program.start(["run", "--json", *program.places])
    expect(b"judging here and now" in told.stderr, f"it did not say that the daemon was missing: {told.stderr.decode()}")
    expect(told.returncode == judged.returncode, f"status exits with {told.returncode}, run with {judged.returncode}")
    first, second = json.loads(told.stdout), json.loads(judged.stdout)
    for key in ("verdict", "reason"):
        expect(first[key] == second[key], f"status says {key} {first[key]}, run says {second[key]}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binaries", type=Path, required=True)
    parser.add_argument("--simulated", type=Path, required=True)
    parser.add_argument("--board", choices=BOARDS, action="append")
    options = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="jetcuda-without-"))
    work.chmod(0o755)
    program = Program(options.binaries, HERE.parent.parent)
    try:
        trial = Trial(program, Surroundings(work), options.simulated.resolve(), work)
        if not trial.surroundings.hides:
            print("note: no rights to take network, /run and Python from a run; they are only taken from its environment")
        cases = [("the surroundings are what they claim to be", lambda: surroundings_are_real(trial))]
        for name in options.board or BOARDS:
            cases += [(f"{name}: all combinations", lambda name=name: all_combinations(trial, name)),
                      (f"{name}: root", lambda name=name: as_nobody(trial, name)),
                      (f"{name}: libcuda is missed", lambda name=name: libcuda_matters(trial, name))]
            if make_board.describe(name)["distribution"] in PACKAGE_DATABASES:
                cases.append((f"{name}: the database of packages", lambda name=name: without_packages(trial, name)))
        cases += [("nothing of it was used where it was there", lambda: nothing_was_used(trial)),
                  ("status without a bus", lambda: status_without_a_bus(trial))]
        result = run_cases(cases)
        print(f"{trial.runs} reports")
        return result
    finally:
        program.close()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
