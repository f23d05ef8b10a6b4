"""The faults of this folder: their descriptions, the boards with a fault on them, and what a report must say of it.

A description is one file, AREA/FAULT.json:

    "fault":   one sentence: what is wrong with the board
    "source":  where such a board was reported, or which document says that it can happen
    "board":   the board that it happens to (tests/boards)
    "change":  what is different on it (tests/boards/board.py, Board.changed)
    "finds":   {"id", "code"}: the check that names the cause; "status" is "fail" unless it says otherwise
    "with_it": {id: code}: what else cannot pass because of it, each with the reason beside it in "because"
    "because": {id: why that is a consequence}

A fault of the driver's behaviour has "driver" in its change, or says "probe": true, and is asked of the simulated libcuda.
"""

import json
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "boards"), str(HERE.parent / "roots")]
import make_board
from board import BadBoard
from program_under_test import Failed, expect

AREAS = ("release", "kernel", "devices", "driver", "packages", "compat", "containers")
KEYS = {"fault", "source", "board", "change", "finds", "with_it", "because", "probe"}


class Fault:
    def __init__(self, file):
        self.area, self.name = file.parent.name, file.stem
        try:
            words = json.loads(file.read_text())
        except ValueError as problem:
            raise BadBoard(f"{file}: {problem}") from None
        if unknown := set(words) - KEYS:
            raise BadBoard(f"{file}: unknown: {', '.join(sorted(unknown))}")
        self.sentence, self.source, self.board = words["fault"], words["source"], words["board"]
        self.change, self.finds = words["change"], {"status": "fail", **words["finds"]}
        self.with_it, self.because = words.get("with_it", {}), words.get("because", {})
        if set(self.with_it) != set(self.because):
            raise BadBoard(f"{file}: \"with_it\" and \"because\" name different checks")
        self.probe = words.get("probe", "driver" in self.change)

    def __str__(self):
        return f"{self.area}/{self.name}"


def all_faults():
    return [Fault(file) for area in AREAS for file in sorted((HERE / area).glob("*.json"))]


class Bench:
    """Puts boards into folders and has the program judge them."""

    def __init__(self, program, simulated, work):
        self.program, self.simulated, self.work = program, simulated, work
        self.boards = {}

    def board(self, name):
        """The healthy board, with the loader's cache that its ldconfig left: a fault happens behind that."""
        if name not in self.boards:
            self.boards[name] = make_board.load(name)
            self.boards[name].keep_cache()
        return self.boards[name]

    def report(self, board, probe, arguments=()):
        root = self.work / "root"
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        board.write(root)
        more = ["--no-probe"]
        if probe:
            # The simulated libcuda reads the settings that lie beside the path it was opened by.
            driver = self.work / "driver" / "libcuda.so.1.1"
            driver.parent.mkdir(exist_ok=True)
            if not driver.is_symlink():
                driver.symlink_to(self.simulated)
            (driver.parent / "simulated_driver.json").write_text(json.dumps(board.driver))
            more = ["--driver", str(driver)]
        return self.program.report(root, [*board.arguments, *more, *arguments])


def checks_of(report):
    return {check["id"]: check for check in report["checks"]}


def root_cause(checks, identifier):
    """The check that `identifier` waits for in the end."""
    seen = set()
    while checks[identifier]["blocked_by"] and identifier not in seen:
        seen.add(identifier)
        identifier = checks[identifier]["blocked_by"]
    return identifier


def hold(fault, healthy, report):
    """The report names the fault, and nothing that is not its consequence."""
    before, after = checks_of(healthy), checks_of(report)
    finding = after.get(fault.finds["id"])
    expect(finding, f"there is no check {fault.finds['id']}")
    came = {key: finding[key] for key in ("status", "code")}
    wanted = {key: fault.finds[key] for key in ("status", "code")}
    expect(came == wanted, f"{fault.finds['id']} says {came} ({finding['summary']}), not {wanted}")
    declared = {fault.finds["id"], *fault.with_it}
    for identifier, code in fault.with_it.items():
        expect(after[identifier]["code"] == code and after[identifier]["status"] != "pass",
               f"{identifier} was to say {code} and says {after[identifier]['status']} {after[identifier]['code']}: "
               f"{after[identifier]['summary']}")
    for identifier, check in after.items():
        if identifier in declared or check["status"] == before[identifier]["status"]:
            continue
        expect(check["status"] == "unknown" and check["blocked_by"] and root_cause(after, identifier) in declared,
               f"{identifier} was {before[identifier]['status']} and is {check['status']} {check['code']}, and is not declared: "
               f"{check['summary']}")
    if fault.finds["status"] == "fail" or after[fault.finds["id"]]["severity"] == "required":
        expect(report["reason"] == fault.finds["id"], f"the first line names {report['reason']}, not {fault.finds['id']}")
    if fault.finds["status"] == "fail":
        expect(finding["remedy"], f"{fault.finds['id']} says {fault.finds['code']} without a remedy")
