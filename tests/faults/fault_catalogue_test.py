#!/usr/bin/env python3
"""Every fault of this folder, on its board, through the whole program: it is caught under its own name, nothing else
is blamed that is not its consequence, and what mends it is said.

    fault_catalogue_test.py --binaries DIR --simulated LIBRARY [--only PART] [--update]

The table in README.md is what this run found; --update writes it anew. --only tries the faults whose name holds PART
("kernel/", "stub"), and shows everything that does not pass.
"""

import argparse
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import catalogue
from catalogue import BadBoard, Bench, Failed, all_faults, checks_of, hold, hold_remedy, work_folder
from program_under_test import Program, run_cases

TOP = catalogue.HERE.parent.parent
README = catalogue.HERE / "README.md"
BEGIN, END = "<!-- faults: made by fault_catalogue_test.py --update -->\n", "<!-- end of faults -->"
# So many there are at the least. These numbers only grow.
LEAST = {"release": 10, "kernel": 9, "devices": 6, "driver": 14, "packages": 10, "compat": 8, "containers": 5}
LEAST_IN_ALL = 64


class Catalogue:
    def __init__(self, bench, talkative=False):
        self.bench, self.talkative = bench, talkative
        self.healthy = {}  # (board, probe, settings): its report without a fault
        self.rows = {}

    def try_fault(self, fault):
        key = (fault.board, fault.probe, str(sorted(fault.settings.items())))
        if key not in self.healthy:
            try:
                board = self.bench.board(fault.board)
            except BadBoard as problem:
                raise Failed(str(problem)) from None
            self.healthy[key] = self.bench.report(board, fault.probe, fault.settings)
        report = self.bench.report(self.bench.broken(fault), fault.probe, fault.settings)
        if self.talkative:
            print_whole(fault, report)
        hold(fault, self.healthy[key], report)
        finding = checks_of(report)[fault.finds["id"]]
        hold_remedy(report, finding, self.bench.explain(finding["id"], finding["code"]))
        self.rows[str(fault)] = finding

    def text(self, faults):
        """What a reader looks up: which faults there are, and the words that the program has for each."""
        counts = ", ".join(f"{sum(fault.area == area for fault in faults)} {area}" for area in catalogue.AREAS)
        out = [f"{len(faults)} faults: {counts}.\n"]
        for area in catalogue.AREAS:
            out += [f"## {area.capitalize()}\n", "| fault | board | found by | code |", "|---|---|---|---|"]
            here = [fault for fault in faults if fault.area == area]
            for fault in here:
                row = self.rows[str(fault)]
                out.append(f"| {fault.sentence} | `{fault.board}` | `{row['id']}` ({row['severity']}) | `{row['code']}`"
                           f"{'' if row['status'] == 'fail' else ' (' + row['status'] + ')'} |")
            out.append("")
            for fault in here:
                row = self.rows[str(fault)]
                out.append(f"**{fault.name}**: {row['summary']}.\n")
                out.append("    " + row["remedy"].rstrip().replace("\n", "\n    ") + "\n")
                for identifier, why in fault.because.items():
                    out.append(f"- with it, `{identifier}` ({fault.with_it[identifier]}): {why}")
                out.append(f"- source: {fault.source}\n")
        return "\n".join(out)


def print_whole(fault, report):
    print(f"\n{fault}: {report['verdict']}, because of {report['reason']}")
    for check in report["checks"]:
        if check["status"] not in ("pass", "not-applicable"):
            waits = f" (waits for {check['blocked_by']})" if check["blocked_by"] else ""
            print(f"  {check['status']} {check['id']} {check['code']}{waits}: {check['summary']}\n      {check['remedy']}")


def complaints_of_counts(faults):
    for area, least in LEAST.items():
        count = sum(fault.area == area for fault in faults)
        if count < least:
            yield f"the area {area} has {count} faults, and there must be {least}"
    if len(faults) < LEAST_IN_ALL:
        yield f"there are {len(faults)} faults, and there must be {LEAST_IN_ALL}"
    for sentence in {fault.sentence for fault in faults}:
        names = [str(fault) for fault in faults if fault.sentence == sentence]
        if len(names) > 1:
            yield f"{' and '.join(names)} say the same: {sentence}"


def compare_readme(text, update):
    """Answers a complaint, or nothing."""
    pieces = README.read_text().split(BEGIN)
    if len(pieces) != 2 or END not in pieces[1]:
        return f"{README} must hold the lines {BEGIN.strip()} and {END} once each"
    written = pieces[0] + BEGIN + "\n" + text + "\n" + END + pieces[1].split(END, 1)[1]
    if written == README.read_text():
        return None
    if not update:
        return f"{README} does not say what this run found; make it anew with --update, and read every line that changed"
    README.write_text(written)
    print(f"wrote {README}; read every line that changed")
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binaries", type=Path, required=True)
    parser.add_argument("--simulated", type=Path, required=True)
    parser.add_argument("--only")
    parser.add_argument("--update", action="store_true")
    options = parser.parse_args()
    try:
        faults = all_faults()
    except BadBoard as problem:
        sys.exit(f"FAIL  {problem}")
    if options.only:
        faults = [fault for fault in faults if options.only in str(fault)]
    work = work_folder()
    program = Program(options.binaries, TOP)
    try:
        tried = Catalogue(Bench(program, options.simulated.resolve(), work), bool(options.only))
        result = run_cases([(str(fault), lambda fault=fault: tried.try_fault(fault)) for fault in faults])
        if options.only:
            return result
        complaints = list(complaints_of_counts(faults))
        if result == 0:
            complaints.append(compare_readme(tried.text(faults), options.update))
        for complaint in filter(None, complaints):
            print(f"FAIL  {complaint}")
            result = 1
        return result
    finally:
        program.close()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
