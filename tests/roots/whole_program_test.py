#!/usr/bin/env python3
"""The whole program against one board: its report must be the board's expected.json, word for word.

    whole_program_test.py BOARD --binaries DIR --simulated LIBRARY [--update]

The board is made by tests/boards. Two runs are compared: `no-probe` (files only) and `driver` (the simulated libcuda with
the board's settings). Times, the path of the root and the like are left out. After a wanted change `--update` writes
expected.json anew; then read every line of the difference and ask whether it is true of that board.
"""

import argparse
import difflib
import json
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "boards"), str(HERE.parent / "drivers")]
import make_board
import simulated_driver
from program_under_test import Failed, Program, expect, run_cases

KEPT = ("verdict", "reason", "probed", "simulated", "device", "stack")
KEPT_OF_CHECK = ("id", "group", "severity", "status", "code", "blocked_by", "waived", "summary", "remedy")


def stable(report, replaced):
    """What must not change from run to run, with paths of this machine replaced by words."""
    text = json.dumps({**{key: report[key] for key in KEPT},
                       "checks": [{key: check[key] for key in KEPT_OF_CHECK} for check in report["checks"]]})
    for path, word in replaced:
        text = text.replace(path, word)
    return json.loads(text)


class Board:
    def __init__(self, name, program, simulated, work):
        self.folder, self.program, self.work = HERE / name, program, work
        self.root = work / "root"
        board = make_board.load(name)
        self.root.mkdir()
        board.write(self.root)
        self.arguments = board.arguments
        self.driver = simulated_driver.lay_out(work / "driver", simulated, board.driver, board)
        self.replaced = [(str(self.driver), "<driver>"), (str(self.root), "<root>"), (str(simulated), "<driver>")]

    def run(self, kind):
        more = ["--no-probe"] if kind == "no-probe" else ["--driver", str(self.driver)]
        return self.program.report(self.root, [*self.arguments, *more])

    def all_expected(self):
        return {kind: stable(self.run(kind), self.replaced) for kind in ("no-probe", "driver")}

    def compare(self, kind):
        file = self.folder / "expected.json"
        expect(file.is_file(), f"{file} is missing; make it with --update and read it")
        wanted = json.loads(file.read_text())[kind]
        came = stable(self.run(kind), self.replaced)
        if came != wanted:
            lines = difflib.unified_diff(json.dumps(wanted, indent=2).splitlines(), json.dumps(came, indent=2).splitlines(),
                                         f"{file} ({kind})", "this run", lineterm="", n=4)
            raise Failed("the report is not the expected one:\n" + "\n".join(lines))

    def same_twice(self):
        for kind in ("no-probe", "driver"):
            first, second = self.run(kind), self.run(kind)
            expect(first["digest"] == second["digest"],
                   f"two runs ({kind}) on an unchanged board differ: {first['digest']} and {second['digest']}")
            expect(stable(first, []) == stable(second, []), f"two runs ({kind}) on an unchanged board say different things")

    def sentences(self):
        """Every sentence is complete, and whatever is not well says what to do, or that there is nothing."""
        for kind in ("no-probe", "driver"):
            for check in self.run(kind)["checks"]:
                text = check["summary"]
                expect(text and "{" not in text.replace("{...}", ""), f"{check['id']}: unfilled or empty summary: {text!r}")
                remedy = check["remedy"]
                expect(remedy is None or (remedy and "{" not in remedy), f"{check['id']}: unfilled remedy: {remedy!r}")
                if check["status"] == "fail":
                    expect(remedy, f"{check['id']} fails without a remedy: {text}")
                for evidence in check["evidence"]:
                    expect(evidence["source"], f"{check['id']}: evidence {evidence['what']!r} has no source")

    def verdict_follows(self):
        """The verdict is what the checks say, by the rule of the contract."""
        for kind in ("no-probe", "driver"):
            report = self.run(kind)
            checks = {check["id"]: check for check in report["checks"] if not check["waived"]}
            if report["reason"] == "not-a-jetson":
                expect(report["verdict"] == "unknown", f"({kind}) not a Jetson, yet {report['verdict']}")
                continue
            failed = {severity: [check["id"] for check in checks.values()
                                 if check["severity"] == severity and check["status"] == "fail"]
                      for severity in ("required", "wanted")}
            unknown = [check["id"] for check in checks.values()
                       if check["severity"] == "required" and check["status"] == "unknown"]
            verdict, among = ("unhealthy", failed["required"]) if failed["required"] else \
                ("unknown", unknown) if unknown else ("degraded", failed["wanted"]) if failed["wanted"] else ("healthy", [])
            expect(report["verdict"] == verdict, f"({kind}) verdict {report['verdict']} where the checks say {verdict}")
            expect(report["reason"] in among if among else not report["reason"],
                   f"({kind}) reason {report['reason']!r} is none of {among}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("board")
    parser.add_argument("--binaries", type=Path, required=True)
    parser.add_argument("--simulated", type=Path, required=True)
    parser.add_argument("--update", action="store_true")
    options = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="jetcuda-board-"))
    work.chmod(0o755)
    program = Program(options.binaries, HERE.parent.parent)
    try:
        board = Board(options.board, program, options.simulated.resolve(), work)
        if options.update:
            (board.folder / "expected.json").write_text(json.dumps(board.all_expected(), indent=2, ensure_ascii=False) + "\n")
            print(f"wrote {board.folder / 'expected.json'}; read each line that changed")
            return 0
        return run_cases([(f"{options.board} without a probe", lambda: board.compare("no-probe")),
                          (f"{options.board} with a simulated driver", lambda: board.compare("driver")),
                          ("an unchanged board gives the same digest", board.same_twice),
                          ("sentences are complete and failures say what to do", board.sentences),
                          ("the verdict follows from the checks", board.verdict_follows)])
    finally:
        program.close()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
