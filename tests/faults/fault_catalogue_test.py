#!/usr/bin/env python3
"""Every fault of this folder, on its board, through the whole program: it is caught under its own name, and nothing else
is blamed that is not its consequence.

    fault_catalogue_test.py --binaries DIR --simulated LIBRARY [--only FAULT] [--update]

The table in README.md is what this run found; --update writes it anew, --only NAME shows one fault's whole report.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import catalogue
from catalogue import Bench, all_faults, checks_of, hold
from program_under_test import Program, run_cases

TOP = catalogue.HERE.parent.parent
README = catalogue.HERE / "README.md"
BEGIN, END = "<!-- faults: made by fault_catalogue_test.py --update -->\n", "<!-- end of faults -->"
LEAST = {"release": 10, "kernel": 9, "devices": 6, "driver": 14, "packages": 10, "compat": 8, "containers": 5}


class Catalogue:
    def __init__(self, bench):
        self.bench = bench
        self.healthy = {}  # (board, probe): its report without a fault
        self.rows = {}

    def try_fault(self, fault):
        base = self.bench.board(fault.board)
        key = (fault.board, fault.probe)
        if key not in self.healthy:
            self.healthy[key] = self.bench.report(base, fault.probe)
        report = self.bench.report(base.changed(fault.change), fault.probe)
        hold(fault, self.healthy[key], report)
        self.rows[str(fault)] = checks_of(report)[fault.finds["id"]]

    def table(self, faults):
        """What a reader looks up: the fault, and the words that the program has for it."""
        out = []
        for area in catalogue.AREAS:
            out.append(f"\n### {area.capitalize()}\n")
            for fault in faults:
                if fault.area != area or str(fault) not in self.rows:
                    continue
                row = self.rows[str(fault)]
                remedy = (row["remedy"] or "").rstrip()
                out.append(f"**{fault.sentence}** (`{fault.name}`, on `{fault.board}`)\n")
                out.append(f"- `{row['id']}`, {row['severity']}, `{row['code']}`: {row['summary']}")
                out.append(f"- source: {fault.source}\n")
                out.append("      " + remedy.replace("\n", "\n      ") + "\n" if remedy else "  (nothing to do)\n")
        return "\n".join(out) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binaries", type=Path, required=True)
    parser.add_argument("--simulated", type=Path, required=True)
    parser.add_argument("--only")
    parser.add_argument("--update", action="store_true")
    options = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="jetcuda-faults-"))
    work.chmod(0o755)
    program = Program(options.binaries, TOP)
    try:
        faults = all_faults()
        tried = Catalogue(Bench(program, options.simulated.resolve(), work))
        if options.only:
            faults = [fault for fault in faults if options.only in str(fault)]
            for fault in faults:
                report = tried.bench.report(tried.bench.board(fault.board).changed(fault.change), fault.probe)
                for check in report["checks"]:
                    if check["status"] not in ("pass", "not-applicable"):
                        print(f"{fault}: {check['status']} {check['id']} {check['code']}: {check['summary']}\n  {check['remedy']}")
        result = run_cases([(str(fault), lambda fault=fault: tried.try_fault(fault)) for fault in faults])
        if options.only or result != 0:
            return result
        counts = {area: sum(fault.area == area for fault in faults) for area in catalogue.AREAS}
        for area, least in LEAST.items():
            if counts[area] < least:
                print(f"FAIL  {area} has {counts[area]} faults; there were {least}")
                result = 1
        before, rest = README.read_text().split(BEGIN)
        after = rest.split(END)[1]
        written = before + BEGIN + tried.table(faults) + END + after
        if options.update:
            README.write_text(written)
            print(f"wrote {README}; read every line that changed")
        elif written != README.read_text():
            print(f"FAIL  {README} does not say what this run found; make it anew with --update, and read it")
            result = 1
        return result
    finally:
        program.close()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
