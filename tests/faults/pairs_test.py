#!/usr/bin/env python3
"""Two faults on one board: both causes are among what fails, each with its code, the first line names one of them, and
nothing fails that neither of them declares.

    pairs_test.py --binaries DIR --simulated LIBRARY [--count N] [--seed N]

Of all pairs of faults of one board, N are drawn by the seed. A pair is set aside where both cannot be seen at once; the
test says how many were, and why. A failure names its pair and the seed, and is repeated with the same numbers.
"""

import argparse
import itertools
import json
import random
import shutil
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import catalogue
from catalogue import BadBoard, Bench, Failed, all_faults, checks_of, expect, hold_names, work_folder
from program_under_test import Program, run_cases

TOP = catalogue.HERE.parent.parent
SEED, COUNT = 20261126, 200


class Pairs:
    def __init__(self, bench, checks):
        self.bench = bench
        self.needs = {check["id"]: check["needs"] for check in checks}
        self.measured = {check["id"] for check in checks if check["basis"] == "measured"}
        self.healthy = {}

    def all_needs(self, identifier):
        """The checks that this one waits for, directly or not."""
        found, open_ones = set(), list(self.needs[identifier])
        while open_ones:
            need = open_ones.pop()
            if need not in found:
                found.add(need)
                open_ones += self.needs[need]
        return found

    def waits(self, fault, other):
        """Whether the check that finds `fault` would wait for something that fails with `other`."""
        failing = {other.finds["id"], *other.with_it}
        if fault.finds["id"] in self.measured:
            # What was measured is never blocked by a file; only a step that did not run waits for the one before.
            failing &= self.measured
        return bool(failing & self.all_needs(fault.finds["id"]))

    def why_not(self, one, other):
        """Why both cannot be seen at once; nothing where they can."""
        if one.finds["id"] == other.finds["id"]:
            return "one check finds both"
        if self.waits(one, other) or self.waits(other, one):
            return "the check that finds one waits for the other"
        if one.finds["id"] in other.with_it or other.finds["id"] in one.with_it:
            return "one is the other's consequence"
        if one.finds["id"] in other.hides or other.finds["id"] in one.hides:
            return "one declares that it hides the other"
        if orders_the_loader(one) and orders_the_loader(other):
            return "both say which libcuda the loader takes first, and it takes one"
        if any(one.settings.get(key, value) != value for key, value in other.settings.items()):
            return "they need different settings"
        return None

    def board_with(self, one, other):
        """The board with both faults, or nothing where one change undoes the other or needs what the other took away."""
        try:
            boards = [self.bench.broken(second, self.bench.broken(first)) for first, second in ((one, other), (other, one))]
        except Failed:
            return None
        return boards[0] if all_of(boards[0]) == all_of(boards[1]) else None

    def try_pair(self, one, other, board, probe):
        settings = {**one.settings, **other.settings}
        key = (one.board, probe, str(sorted(settings.items())))
        if key not in self.healthy:
            self.healthy[key] = self.bench.report(self.bench.board(one.board), probe, settings)
        report = self.bench.report(board, probe, settings)
        hold_names([one, other], report)
        ids = {one.finds["id"], other.finds["id"]}
        expect(report["reason"] in ids, f"the first line names {report['reason']}, which is neither of {' and '.join(sorted(ids))}")
        declared = {*ids, *one.with_it, *other.with_it}
        for identifier, check in checks_of(report).items():
            expect(check["status"] != "fail" or identifier in declared,
                   f"{identifier} fails ({check['code']}: {check['summary']}), and neither declares it")


def orders_the_loader(fault):
    return "ldconfig" in fault.change or any(path.startswith("/etc/ld.so.") for part in fault.change.values()
                                             if isinstance(part, dict) for path in part)


def all_of(board):
    entries = {path: (entry.kind, json.dumps(entry.value, default=repr, sort_keys=True)) for path, entry in board.entries.items()}
    return entries, board.nodes, board.arguments, board.driver, board.nix_references, sorted(board.kernel_log or [])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binaries", type=Path, required=True)
    parser.add_argument("--simulated", type=Path, required=True)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    try:
        faults = all_faults()
    except BadBoard as problem:
        sys.exit(f"FAIL  {problem}")
    work = work_folder()
    program = Program(options.binaries, TOP)
    try:
        listed = program.start(["list", "--json", *program.places])
        pairs = Pairs(Bench(program, options.simulated.resolve(), work), json.loads(listed.stdout)["checks"])
        chance = random.Random(options.seed)
        candidates = [pair for pair in itertools.combinations(faults, 2) if pair[0].board == pair[1].board]
        chance.shuffle(candidates)
        cases, aside, kinds, areas = [], Counter(), Counter(), Counter()
        for one, other in candidates:
            if len(cases) == options.count:
                break
            if {one.finds["status"], other.finds["status"]} != {"fail"}:
                aside["what one of them finds is unknown, and no failure"] += 1
                continue
            why = pairs.why_not(one, other)
            board = pairs.board_with(one, other) if why is None else None
            if board is None:
                aside[why or "one change undoes the other, or takes away what it changes"] += 1
                continue
            probe = one.probe or other.probe or chance.random() < 0.3
            kinds["simulated driver" if probe else "no probe"] += 1
            areas["of two areas" if one.area != other.area else "of one area"] += 1
            cases.append((f"{one} with {other} on {one.board}{', driver asked' if probe else ''}",
                          lambda pair=(one, other, board, probe): pairs.try_pair(*pair)))
        result = run_cases(cases)
        print(f"seed {options.seed}: {len(cases)} pairs of {len(candidates)} were drawn: " + ", ".join(
            f"{number} {kind}" for counter in (kinds, areas) for kind, number in sorted(counter.items())))
        for why, number in aside.most_common():
            print(f"{number} set aside: {why}")
        if len(cases) < options.count:
            print(f"FAIL  only {len(cases)} pairs could be drawn, of {options.count}")
            result = 1
        return result
    finally:
        program.close()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
