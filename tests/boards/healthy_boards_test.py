#!/usr/bin/env python3
"""A healthy board is left in peace: on each that descriptions/ calls healthy no check fails, and none that is required is
unknown, whether the driver is asked or not.

    healthy_boards_test.py --binaries DIR --simulated LIBRARY [--only BOARD]

A false alarm here is a mistake of the program. What the contract lets be unknown on a board stands in its description
with the reason, and must then be so. A board that is lost from the matrix below is missed.
"""

import argparse
import collections
import json
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "roots"), str(HERE.parent / "drivers")]
import make_board
import simulated_driver
from program_under_test import Program, check_of, expect, run_cases

TOP = HERE.parent.parent
MODULES = json.loads((HERE / "modules.json").read_text())["modules"]
# Of each distribution: every line on every SoC that it supports.
LINES = {("R35", "T194"), ("R35", "T234"), ("R36", "T234"), ("R38", "T264"), ("R39", "T234"), ("R39", "T264")}
LEAST = {"ubuntu": 37, "nixos": 12, "yocto": 8}
# What a board that runs must answer: else a report in which nothing applies would be taken for one of a healthy board.
MUST_PASS = ("soc-is-supported", "l4t-release-is-known", "gpu-module-is-loaded", "device-nodes-are-present",
             "libcuda-is-found", "libcuda-is-genuine", "driver-libraries-are-complete")
MUST_PASS_AT_REST = ("soc-is-supported", "l4t-release-is-known", "libcuda-is-found", "libcuda-is-genuine")


class Healthy:
    def __init__(self, name):
        self.name, self.words, self.board = name, make_board.describe(name), make_board.load(name)
        said = self.words["healthy"]
        self.unknown = {} if said is True else said["unknown"]
        expect(said is True or set(said) == {"unknown", "because"} and said["unknown"] and said["because"],
               "\"healthy\" is neither true, nor what may be unknown and why")
        self.soc = MODULES[self.words["module"]]["soc"]
        self.line = "R" + self.words["l4t"].split(".")[0]
        self.state = self.words.get("state", "running")
        self.running = self.state == "running"
        compat = self.words.get("compat") or {}
        self.compat = (compat.get("product", ""), compat.get("cuda", "")) if compat.get("enabled_by") else ("", "")
        kernel = self.words.get("kernel")
        self.kernel = kernel if isinstance(kernel, dict) else {}
        self.both_variants = all(f"/opt/nvidia/l4t-gpu-libs/{variant}/libcuda.so.1.1" in self.board.entries
                                 for variant in ("nvgpu", "openrm"))

    def has(self, key):
        return bool(self.words.get(key))

    def people_outside_video(self):
        video = next(line for line in self.board.read("/etc/group").splitlines() if line.startswith("video:"))
        people = [line.split(":") for line in self.board.read("/etc/passwd").splitlines()]
        return [words[0] for words in people
                if 1000 <= int(words[2]) < 60000 and words[0] not in video.rsplit(":", 1)[1].split(",")]

    def matches(self, report):
        """The report is about the board that the description means."""
        stack = report["stack"]
        for what, came, wanted in (
                ("SoC", report["device"]["soc"], self.soc), ("distribution", stack["distribution"], self.words["distribution"]),
                ("environment", stack["environment"], "container" if self.state == "container" else "host"),
                ("compat", [(one["product"], one["cuda"]) for one in stack["compat"] if one["enabled_by"]],
                 [self.compat] if self.compat[0] else [])):
            expect(came == wanted, f"the report says {what} {came}, and the board has {wanted}")
        expect(stack["l4t"] in (self.words["l4t"], None), f"the report says L4T {stack['l4t']}, not {self.words['l4t']}")

    def left_in_peace(self, report, probed):
        unknown = self.unknown if probed else {}
        for check in report["checks"]:
            words = f"{check['id']} ({check['severity']}): {check['status']} {check['code']}: {check['summary']}"
            expect(check["status"] != "fail", f"false alarm: {words}")
            if check["id"] in unknown:
                came = (check["status"], check["code"])
                expect(came == ("unknown", unknown[check["id"]]), f"was to be unknown {unknown[check['id']]}, and is {words}")
                continue
            expect(check["status"] != "unknown" or check["blocked_by"] in unknown, f"not judged: {words}")
        passed = {check["id"] for check in report["checks"] if check["status"] == "pass"}
        must = MUST_PASS_AT_REST if self.state == "image" else MUST_PASS
        must = [*must, "driver-initializes", "gpu-capability-matches-soc"] if probed else must
        for identifier in set(must) - set(unknown):
            expect(identifier in passed, f"{identifier} does not pass: {check_of(report, identifier)['summary']}")
        required = {check["id"] for check in report["checks"] if check["severity"] == "required"}
        wanted = "unknown" if set(unknown) & required else "healthy"
        expect(report["verdict"] == wanted, f"the verdict is {report['verdict']} ({report['reason']}), not {wanted}")
        return collections.Counter(check["status"] for check in report["checks"])


# What else must be among the healthy boards: each is a way to raise a false alarm.
KINDS = {
    "a board without any CUDA package": lambda it: it.running and not it.words.get("cuda"),
    "CUDA without cuDNN and TensorRT": lambda it: it.running and it.has("cuda") and not it.has("cudnn") and not it.has("tensorrt"),
    "all of JetPack": lambda it: it.has("cuda") and it.has("cudnn") and it.has("tensorrt"),
    "compat 12.9 on JetPack 6": lambda it: it.line == "R36" and it.compat == ("l4t", "12.9"),
    "compat-orin 13 on JetPack 6": lambda it: it.line == "R36" and it.compat[0] == "orin" and it.compat[1].startswith("13."),
    "compat 11.8 on a Xavier": lambda it: it.soc == "T194" and it.compat == ("l4t", "11.8"),
    "compat 12.2 on a Xavier": lambda it: it.soc == "T194" and it.compat == ("l4t", "12.2"),
    "both variants of the driver on Orin": lambda it: it.soc == "T234" and it.both_variants,
    "both variants of the driver on Thor": lambda it: it.soc == "T264" and it.both_variants,
    "a kernel of one's own": lambda it: "release" in it.kernel and not it.kernel.get("built_in"),
    "nvgpu built into the kernel": lambda it: it.kernel.get("built_in"),
    "no NVML where the release has it": lambda it: it.words.get("nvml") is False and it.line != "R35",
    "a container": lambda it: it.state == "container",
    "an image of R36 at rest": lambda it: it.state == "image" and it.line == "R36",
    "an image of R39 at rest": lambda it: it.state == "image" and it.line == "R39",
    "a board with 4 GB": lambda it: it.words["module"] == "p3767-0004",
    "a person outside video": lambda it: it.words["distribution"] == "ubuntu" and it.people_outside_video(),
    "a busy GPU": lambda it: it.unknown.get("driver-initializes") == "gpu-busy",
    "a Xavier NX": lambda it: it.words["module"].startswith("p3668-"),
    "an Orin Nano": lambda it: it.words["module"] in ("p3767-0003", "p3767-0005"),
}


def matrix_is_whole(names):
    boards = [Healthy(name) for name in names]
    counts = collections.Counter(board.words["distribution"] for board in boards)
    for distribution, least in LEAST.items():
        expect(counts[distribution] >= least, f"{counts[distribution]} healthy boards with {distribution}; there were {least}")
        there = {(board.line, board.soc) for board in boards if board.words["distribution"] == distribution and board.running}
        expect(there == LINES, f"{distribution}: no board of {sorted(LINES - there)}, and of no line that is: {sorted(there - LINES)}")
    lost = [kind for kind, is_one in KINDS.items() if not any(is_one(board) for board in boards)]
    expect(not lost, f"no healthy board is {' or '.join(lost)}")
    print(f"      {sum(counts.values())} healthy boards: {', '.join(f'{count} {key}' for key, count in sorted(counts.items()))}")


class Judge:
    def __init__(self, program, simulated, work):
        self.program, self.simulated, self.work = program, simulated, work

    def judge(self, name):
        healthy = Healthy(name)
        root = self.work / "root"
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir()
        healthy.board.write(root)
        driver = simulated_driver.lay_out(self.work / "driver", self.simulated, healthy.board.driver, healthy.board)
        (self.program.folder / "config" / "config.json").write_text(json.dumps(healthy.words.get("config", {})))
        for probed in (False, True):
            more = ["--driver", str(driver)] if probed else ["--no-probe"]
            first, second = (self.program.report(root, [*healthy.board.arguments, *more]) for _ in range(2))
            healthy.matches(first)
            counts = healthy.left_in_peace(first, probed)
            expect(first["digest"] == second["digest"], "two runs on an unchanged board have different digests")
        print(f"      {counts['pass']} pass, {counts['not-applicable']} do not apply: {healthy.words['what']}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binaries", type=Path, required=True)
    parser.add_argument("--simulated", type=Path, required=True)
    parser.add_argument("--only")
    options = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="jetcuda-healthy-"))
    work.chmod(0o755)
    program = Program(options.binaries, TOP)
    try:
        judge = Judge(program, options.simulated.resolve(), work)
        names = [name for name in make_board.names() if "healthy" in make_board.describe(name)]
        cases = [(name, lambda name=name: judge.judge(name)) for name in names if options.only in (None, name)]
        if not options.only:
            cases.append(("the matrix is whole", lambda: matrix_is_whole(names)))
        return run_cases(cases)
    finally:
        program.close()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
