#!/usr/bin/env python3
"""Drivers that fail at random: whatever a driver, a runtime or a CUDA library does, and wherever, a run ends by itself and in
time, its report has its form and says that something is wrong, and nothing is left behind: no process, no file, no shared
memory.

    seeded_runs_test.py --binaries DIR --simulated LIBRARY [--runs N] [--seed N] [--jobs N]

Each run takes a healthy board and plants one to three faults at random places. A run of the same seed is the same run, so
`--runs 1 --seed N` repeats the one that a failure names. Limits are scaled: a step has two seconds. Whether a fault was met is
written down by the simulated libraries; a run that met none must find the board healthy.

Run by root, each worker is a user of its own, so that all that it leaves in the system can be told from what others do.
"""

import argparse
import concurrent.futures
import json
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "boards"), str(HERE.parent / "roots")]
import make_board
import simulated_driver
from program_under_test import Failed, Program, expect

STEP_S, TOTAL_S = 2, 5
# The release's own driver and the cuda_compats have the total each. The rest is for a machine that does much else.
DEADLINE_S = 2 * TOTAL_S + 30
FIRST_USER = 20000 + os.getpid() * 64 % 32768  # of nobody's, and of no other run of this test at the same time

CALLS = {  # how often a healthy run makes each, roughly: a fault of a later call is never met
    "cuInit": 1, "cuDriverGetVersion": 1, "cuDeviceGetCount": 1, "cuDeviceGet": 2, "cuDeviceGetAttribute": 8, "cuDeviceGetName": 1,
    "cuDeviceTotalMem_v2": 1, "cuDevicePrimaryCtxRetain": 3, "cuDevicePrimaryCtxRelease_v2": 3, "cuCtxSetCurrent": 3,
    "cuCtxSynchronize": 40, "cuModuleLoadData": 40, "cuModuleLoadDataEx": 40, "cuModuleGetFunction": 40, "cuModuleUnload": 40,
    "cuMemGetInfo_v2": 1, "cuMemAlloc_v2": 40, "cuMemFree_v2": 40, "cuMemAllocManaged": 2, "cuMemHostAlloc": 2,
    "cuMemHostGetDevicePointer_v2": 2, "cuMemFreeHost": 2, "cuMemcpyHtoD_v2": 8, "cuMemcpyDtoH_v2": 40, "cuMemsetD32_v2": 40,
    "cuLaunchKernel": 60, "cuStreamCreate": 2, "cuStreamDestroy_v2": 2, "cuStreamSynchronize": 2, "cuStreamWaitEvent": 1,
    "cuEventCreate": 2, "cuEventRecord": 2, "cuEventSynchronize": 1, "cuEventElapsedTime": 1, "cuEventDestroy_v2": 2,
    "cuGetErrorName": 2, "cuGetErrorString": 2}
RUNTIME_CALLS = ("cudaRuntimeGetVersion", "cudaDriverGetVersion", "cudaGetDeviceCount", "cudaMalloc", "cudaFree", "cudaMemcpy",
                 "cudaDeviceSynchronize")
KERNELS = ("integers", "floats", "halves", "constant_local", "shared_memory", "dynamic_shared", "warps", "atomics", "tensor_cores",
           "every_sm", "transform", "memory_write", "memory_invert")
STEPS = ("open", "version", "init", "devices", "name", "capability", "memory", "context", "native", "jit", "patterns")
# What a fault does, and how often of a hundred. A "return" gets a result, a "wrong" a place.
ACTIONS = {"hang": 14, "crash": 18, "abort": 8, "sigkill": 4, "sigterm": 3, "sigsys": 4, "exit": 7, "babble": 4, "garbage": 6,
           "return": 28, "unwritten": 4}
BEHIND_LAUNCH = {"wrong": 50, "skipped": 15, "poison": 25, "endless": 10}
RESULTS = (1, 2, 3, 4, 34, 46, 100, 101, 200, 201, 209, 214, 218, 221, 222, 304, 400, 401, 500, 600, 700, 701, 702, 709, 715, 716, 718,
           719, 801, 802, 803, 804, 805, 999, 123456, -1)
# Nothing need be said of these. Who lets go of something no longer needs it; a call that writes nothing and is passed over is
# missed only where nothing else does its work; no check rests on the GPU's name and size, and names of
# errors are in a table of our own.
LETS_GO = ("cuDevicePrimaryCtxRelease_v2", "cuModuleUnload", "cuMemFree_v2", "cuMemFreeHost", "cuStreamDestroy_v2", "cuEventDestroy_v2",
           "cudaFree")
WRITES_NOTHING = (*LETS_GO, "cuMemsetD32_v2", "cuInit", "init", "cuCtxSetCurrent", "cuCtxSynchronize", "cuStreamSynchronize",
                  "cuStreamWaitEvent", "cuEventRecord", "cuEventSynchronize", "cudaDeviceSynchronize")
ONLY_SHOWN = ("cuDeviceGetName", "cuDeviceTotalMem_v2", "name", "memory", "cuGetErrorName", "cuGetErrorString")


# Behind the modules of the kernels come those of the PTX ladder, and its last two a driver has to refuse: how it does that is its
# affair. The ladders of drivers after CUDA 11.4 (11 rungs) are longer than the calls that are counted here. Each kernel but those of
# memory is loaded twice, and then once for zero-copy memory, managed memory, streams, and the image of another GPU.
MODULES_OF_KERNELS = 2 * (len(KERNELS) - 2) + 4
RUNGS = {11040: 11}


def is_harmless(action, place, number, driver_version):
    if action == "return":
        # Each step of work makes a context current, and none at its end.
        if place == "cuCtxSetCurrent":
            return number % 2 == 0
        if place == "cuModuleLoadDataEx" and driver_version in RUNGS:
            return number - MODULES_OF_KERNELS - RUNGS[driver_version] in (1, 2)
        return place in (*LETS_GO, *ONLY_SHOWN)
    return action == "value" or action == "unwritten" and place in (*WRITES_NOTHING, *ONLY_SHOWN)


def weighted(chance, actions):
    return chance.choices(list(actions), weights=actions.values())[0]


class Run:
    """What one seed means."""

    def __init__(self, seed, boards):
        self.seed, chance = seed, random.Random(seed)
        self.chance, self.board = chance, chance.choice(boards)
        board = make_board.load(self.board)
        self.driver = json.loads(json.dumps(board.driver))
        self.libraries = simulated_driver.libraries_of(board)
        self.compats = simulated_driver.compats_of(board, board.driver)
        for _ in range(chance.randint(1, 3)):
            self.plant()
        self.driver.update(libraries=self.libraries, compat=self.compats)

    def plant(self):
        places = ["driver"] * 6 + ["compat"] * 2 * bool(self.compats) + ["library"] * 2 * bool(self.libraries)
        place = self.chance.choice(places)
        if place == "library":
            soname = self.chance.choice(sorted(self.libraries))
            if soname.startswith("libcudart."):
                fault = self.action({"call": self.chance.choice(RUNTIME_CALLS)})
            else:
                fault = self.action({"step": self.chance.choice(("open", "libraries"))})
                # NPP's call has no error to answer; its version is then not known, which breaks no claim.
                if soname.startswith("libnppc.") and fault["do"] in ("return", "unwritten"):
                    fault = {"step": fault["step"], "do": "abort"}
            settings = self.libraries[soname]
        else:
            settings = self.driver if place == "driver" else self.compats[self.chance.choice(sorted(self.compats))]
            fault = self.of_driver()
        settings.setdefault("faults", []).append(fault)

    def of_driver(self):
        kind = self.chance.random()
        if kind < 0.65:
            call = self.chance.choice(sorted(CALLS))
            return self.action({"call": call, "nth": self.chance.randint(1, CALLS[call])})
        if kind < 0.75:
            return self.action({"step": self.chance.choice(STEPS), "nth": self.chance.randint(1, 3)})
        fault = {"kernel": self.chance.choice(KERNELS), "nth": self.chance.randint(1, 3)}
        if self.chance.random() < 0.4:
            return self.action(fault)
        fault["do"] = weighted(self.chance, BEHIND_LAUNCH)
        if fault["do"] == "wrong":
            # What comes after the first word of memory_invert's answer counts only when that is not 0.
            index = 0 if fault["kernel"] == "memory_invert" else self.chance.randint(0, 3)
            fault.update(index=index, flip=self.chance.randint(1, 2**32 - 1))
        elif fault["do"] == "poison":
            fault["result"] = self.chance.choice((214, 700, 702, 715, 716, 718, 719, 999))
        return fault

    def action(self, fault):
        fault["do"] = weighted(self.chance, ACTIONS)
        if fault["do"] in ("return", "unwritten") and fault.get("step") == "open":
            fault["do"] = "crash"
        if fault["do"] == "return":
            fault["result"] = self.chance.choice(RESULTS)
        return fault

    def __str__(self):
        faults = {"driver": self.driver.get("faults", []),
                  **{name: one["faults"] for name, one in {**self.libraries, **self.compats}.items() if "faults" in one}}
        return f"seed {self.seed}: {self.board} with {json.dumps(faults)}"


class Worker:
    """Judges boards as a user of its own, one run after the other."""

    def __init__(self, number, options, roots):
        self.user = FIRST_USER + number if os.geteuid() == 0 else os.geteuid()
        self.simulated, self.roots = options.simulated.resolve(), roots
        self.program = Program(options.binaries, HERE.parent.parent)
        (self.program.folder / "config" / "config.json").write_text(
            json.dumps({"probe": {"step_limit_s": STEP_S, "total_limit_s": TOTAL_S}}))
        if os.geteuid() == 0:
            setpriv = shutil.which("setpriv", path="/usr/bin:/bin")
            expect(setpriv, "setpriv (package util-linux) is missing: run this test as a user who is not root")
            self.program.around = [setpriv, f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups"]
        self.work = self.program.folder / "work"
        self.before = self.left_behind()

    def judge(self, run):
        driver = simulated_driver.lay_out(self.work, self.simulated, run.driver)
        versions = {self.work: run.driver.get("driver_version"), self.work / "cuda-libraries": None,
                    **{self.work / "compat" / name: compat.get("driver_version") for name, compat in run.compats.items()}}
        logs = {folder / "faults_that_happened": version for folder, version in versions.items() if folder.is_dir()}
        for log in logs:
            log.touch()
        os.system(f"chmod -R a+rX {self.work}")  # noqa: S605 (a path of our own)
        for log in logs:
            log.chmod(0o666)
        files = sorted(self.work.rglob("*"))
        begin = time.monotonic()
        report = self.program.report(self.roots[run.board], ["--driver", str(driver)], time_limit=DEADLINE_S)
        took = time.monotonic() - begin
        met = [(line, version) for log, version in logs.items() for line in log.read_text().splitlines()]
        self.holds(run, report, met)
        expect(sorted(self.work.rglob("*")) == files, f"files came or went beside the driver")
        left = self.left_behind() - self.before
        expect(not left, f"left behind: {', '.join(sorted(left))}")
        return took, met, report["verdict"]

    def holds(self, run, report, met):
        said = [f"{check['id']} {check['status']} {check['code']}" for check in report["checks"]
                if check["status"] in ("fail", "unknown")]
        met = [(*line.replace(" in ", " ").split(), version) for line, version in met]
        harmful = [fault for fault in met if not is_harmless(fault[0], fault[1], int(fault[2]), fault[3])]
        if not [fault for fault in met if fault[0] != "value"]:
            expect(report["verdict"] == "healthy" and not said, f"no fault was met, and the verdict is {report['verdict']}: {said}")
        elif harmful:
            # A check that is wanted may be unknown on a board that is healthy.
            expect(said, f"the report says nothing of these faults, which were met: {harmful}")
        # What lies on the board is well: only what was asked of the GPU may be told.
        for line in said:
            expect(line.split()[0].startswith(("driver-", "gpu-", "native-", "ptx-", "runtime-", "cuda-libraries-load", "compat-")),
                   f"the driver fails, and {line}")

    def left_behind(self):
        """Processes, shared memory and files of this user in the places that are everybody's; of the user who runs this test, too,
        what it has there already."""
        left = set()
        for process in Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                own = process.stat().st_uid == self.user and os.geteuid() == 0
                if own or str(self.program.folder) in words:
                    left.add(f"process {process.name} ({words.strip()})")
            except OSError:
                continue
        for place in ("/tmp", "/var/tmp", "/dev/shm", "/run", "/run/lock"):
            for entry in os.scandir(place) if os.path.isdir(place) else ():
                try:
                    if entry.stat(follow_symlinks=False).st_uid == self.user and (os.geteuid() == 0 or place == "/dev/shm"):
                        left.add(entry.path)
                except OSError:
                    continue
        for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:] if os.geteuid() == 0 else ():
            if str(self.user) in line.split():
                left.add(f"System V shared memory {line.split()[1]}")
        return left


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binaries", type=Path, required=True)
    parser.add_argument("--simulated", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=6, help="most of a run that hangs is waiting")
    options = parser.parse_args()
    described = {name: make_board.describe(name) for name in make_board.names()}
    # An image at rest says nothing of its SoC.
    names = [name for name, words in described.items() if words.get("healthy") is True and words.get("state") != "image"]
    place = Path(tempfile.mkdtemp(prefix="jetcuda-seeded-"))
    place.chmod(0o755)
    workers, failures, met_count, slowest, verdicts = [], [], 0, 0.0, {}
    try:
        roots = {name: place / name for name in names}
        expect(options.jobs <= 64, "there are no more than 64 users for a run of this test")
        for name, root in roots.items():
            make_board.make(name, root)
        os.system(f"chmod -R a+rX {place}")
        workers = [Worker(number, options, roots) for number in range(options.jobs)]

        def judge(worker):
            done = []
            for seed in range(options.seed + workers.index(worker), options.seed + options.runs, len(workers)):
                run = Run(seed, names)
                try:
                    done.append((run, worker.judge(run)))
                except Failed as failure:
                    done.append((run, failure))
                    print(f"FAIL  {run}\n      {failure}", flush=True)
                if len(done) % 100 == 0:
                    print(f"      a worker has made {len(done)} runs", flush=True)
            return done

        with concurrent.futures.ThreadPoolExecutor(len(workers)) as pool:
            for run, came in (one for done in pool.map(judge, workers) for one in done):
                if isinstance(came, Failed):
                    failures.append(run)
                    continue
                took, met, verdict = came
                slowest, met_count = max(slowest, took), met_count + bool(met)
                verdicts[verdict] = verdicts.get(verdict, 0) + 1
    finally:
        for worker in workers:
            worker.program.close()
        shutil.rmtree(place, ignore_errors=True)
    print(f"{options.runs} runs, {met_count} of which met a fault; the slowest took {slowest:.1f} s; verdicts: "
          f"{', '.join(f'{count} {name}' for name, count in sorted(verdicts.items()))}; {len(failures)} failed")
    return 1 if failures or not met_count else 0


if __name__ == "__main__":
    sys.exit(main())
