"""The faults of this folder: their descriptions, the boards with a fault on them, and what a report must say of it.

A description is one file, AREA/FAULT.json:

    "fault":   one sentence, without a full stop: what is wrong with the board
    "source":  where such a board was reported, or which document says that it can happen
    "board":   the board that it happens to (tests/boards)
    "change":  what is different on it (tests/boards/board.py, Board.changed)
    "finds":   {"id", "code"}: the check that names the cause; "status" is "fail" unless it says otherwise
    "with_it": {id: code}: what else cannot pass because of it, each with the reason beside it in "because"
    "because": {id: why that is a consequence}
    "hides":   {id: why}: checks that cannot see a fault of their own beside this one; no pair is made of both
    "settings": {key: value}: of config.json, with which the healthy board is judged, too

A fault of the driver's behaviour has "driver" in its change, or says "probe": true, and is asked of the simulated libcuda.
A check that was not changed but waits for a declared one (blocked_by) need not be declared.
"""

import json
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "boards"), str(HERE.parent / "roots"), str(HERE.parent / "drivers")]
import make_board
import simulated_driver
from board import BadBoard
from program_under_test import Failed, expect

AREAS = ("release", "kernel", "devices", "driver", "packages", "compat", "containers")
NEEDED = {"fault": str, "source": str, "board": str, "change": dict, "finds": dict}
OPTIONAL = {"with_it": dict, "because": dict, "hides": dict, "probe": bool, "settings": dict}
STATUSES = ("fail", "unknown")
REMEDY_OF = {"ubuntu": "apt", "nixos": "nix", "yocto": "yocto"}


class BadFault(BadBoard):
    """A description that is not one; the text names the file."""


class Fault:
    def __init__(self, file):
        self.area, self.name = file.parent.name, file.stem
        self.words = words = _words_of(file)
        self.sentence, self.source, self.board = words["fault"], words["source"], words["board"]
        self.change, self.finds = words["change"], {"status": "fail", **words["finds"]}
        self.with_it, self.because = words.get("with_it", {}), words.get("because", {})
        self.hides = words.get("hides", {})
        self.settings = words.get("settings", {})
        self.probe = words.get("probe", "driver" in self.change)

    def __str__(self):
        return f"{self.area}/{self.name}"


def _words_of(file):
    def refuse(text):
        raise BadFault(f"{file}: {text}")

    try:
        words = json.loads(file.read_text())
    except ValueError as problem:
        refuse(f"no JSON: {problem}")
    if not isinstance(words, dict):
        refuse("must be an object; catalogue.py says what is in one")
    for key, kind in {**NEEDED, **OPTIONAL}.items():
        if key in words and not isinstance(words[key], kind):
            refuse(f'"{key}" must be of type {kind.__name__}')
        if key in NEEDED and not words.get(key):
            refuse(f'"{key}" is missing or empty')
    if unknown := sorted(set(words) - set(NEEDED) - set(OPTIONAL)):
        refuse(f"unknown: {', '.join(unknown)}; known are {', '.join([*NEEDED, *OPTIONAL])}")
    if words["fault"].endswith("."):
        refuse('"fault" ends with a full stop')
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", file.stem):
        refuse("the name of a fault is in kebab-case")
    finds = words["finds"]
    if set(finds) - {"status"} != {"id", "code"} or finds.get("status", "fail") not in STATUSES:
        refuse(f'"finds" needs "id" and "code"; its "status" is one of {", ".join(STATUSES)}')
    if set(words.get("with_it", {})) != set(words.get("because", {})):
        refuse('"with_it" and "because" name different checks')
    if finds["id"] in words.get("with_it", {}):
        refuse(f"{finds['id']} is what it finds, and no consequence of itself")
    return words


def all_faults():
    for folder in sorted(path for path in HERE.iterdir() if path.is_dir() and not path.name.startswith("__")):
        if folder.name not in AREAS:
            raise BadFault(f"{folder}: is no area; those are {', '.join(AREAS)}")
    return [Fault(file) for area in AREAS for file in sorted((HERE / area).glob("*.json"))]


def work_folder():
    """A folder for boards: in memory where there is such a place, since a run makes and removes some 50,000 files."""
    memory = "/dev/shm" if "TMPDIR" not in os.environ and os.access("/dev/shm", os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="jetcuda-faults-", dir=memory))
    folder.chmod(0o755)
    return folder


class Bench:
    """Puts boards into folders and has the program judge them."""

    def __init__(self, program, simulated, work):
        self.program, self.simulated, self.work = program, simulated, work
        self.boards, self.explained = {}, {}
        self.driver = work / "driver"

    def board(self, name):
        """The healthy board, with the loader's cache that its ldconfig left: a fault happens behind that."""
        if name not in self.boards:
            self.boards[name] = make_board.load(name)
            self.boards[name].keep_cache()
        return self.boards[name]

    def broken(self, fault, board=None):
        """The board with the fault on it; or `board`, where another fault is on it already."""
        try:
            return (board or self.board(fault.board)).changed(fault.change, f"tests/faults/{fault}.json")
        except BadBoard as problem:
            raise Failed(f"the change does not fit its board: {problem}") from None

    def report(self, board, probe, settings=None):
        root = self.work / "root"
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        board.write(root)
        more = ["--no-probe"]
        if probe:
            more = ["--driver", str(simulated_driver.lay_out(self.driver, self.simulated, board.driver, board))]
        config = self.program.folder / "config" / "config.json"
        config.write_text(json.dumps(settings or {}))
        report = self.program.report(root, [*board.arguments, *more])
        # What a reader is shown must not name the folders of this run.
        text = json.dumps(report)
        for path, word in ((self.driver, "/driver"), (self.simulated, "/driver/libcuda.so.1.1"),
                           (root, "/board"), (self.program.folder, "/jetcuda-check")):
            text = text.replace(str(path), word)
        return json.loads(text)

    def explain(self, identifier, code):
        """What `explain ID CODE` says: the words for people, and the code's own record."""
        if (identifier, code) not in self.explained:
            texts = []
            for form in ([], ["--json"]):
                done = self.program.start(["explain", identifier, code, *form, *self.program.places])
                expect(done.returncode == 0, f"explain {identifier} {code} exits with {done.returncode}: "
                                             f"{done.stderr.decode(errors='replace')}")
                texts.append(done.stdout.decode())
            answer = json.loads(texts[1])
            codes = [one for check in answer["checks"] for one in check["codes"]] + answer["common_codes"]
            self.explained[identifier, code] = texts[0], next(one for one in codes if one["code"] == code)
        return self.explained[identifier, code]


def checks_of(report):
    return {check["id"]: check for check in report["checks"]}


def root_cause(checks, identifier):
    """The check that `identifier` waits for in the end."""
    seen = set()
    while checks[identifier]["blocked_by"] and identifier not in seen:
        seen.add(identifier)
        identifier = checks[identifier]["blocked_by"]
    return identifier


def hold_healthy(report):
    """What a fault is put on has none yet."""
    for check in report["checks"]:
        expect(check["status"] != "fail", f"the board without the fault fails already: {check['id']} {check['code']}: "
                                          f"{check['summary']}")


def hold_names(faults, report):
    """Each fault is found under its own name, and its consequences are as declared."""
    after = checks_of(report)
    for fault in faults:
        finding = after.get(fault.finds["id"])
        expect(finding, f"there is no check {fault.finds['id']}")
        came = {key: finding[key] for key in ("status", "code")}
        wanted = {key: fault.finds[key] for key in ("status", "code")}
        expect(came == wanted, f"{fault.finds['id']} says {came} ({finding['summary']}), not {wanted}")


def hold_nothing_else(declared, healthy, report):
    """Nothing but the declared checks left the state that it had on the healthy board, unless it waits for one of them."""
    before, after = checks_of(healthy), checks_of(report)
    for identifier, check in after.items():
        if identifier in declared or check["status"] == before[identifier]["status"]:
            continue
        # A fault brings things to judge: the check of a compat that was installed passes where there was none before.
        if before[identifier]["status"] == "not-applicable" and check["status"] == "pass":
            continue
        expect(check["status"] == "unknown" and check["blocked_by"] and root_cause(after, identifier) in declared,
               f"{identifier} was {before[identifier]['status']} and is {check['status']} {check['code']}, and is not declared: "
               f"{check['summary']}")


def hold(fault, healthy, report):
    """The report names the fault, and nothing that is not its consequence."""
    before, after = checks_of(healthy), checks_of(report)
    hold_healthy(healthy)
    hold_names([fault], report)
    finding = after[fault.finds["id"]]
    expect(before[fault.finds["id"]]["code"] != finding["code"], f"{fault.finds['id']} says {finding['code']} without the fault, too")
    for identifier, code in fault.with_it.items():
        expect(identifier in after, f"there is no check {identifier}")
        expect(after[identifier]["code"] == code and after[identifier]["status"] != "pass",
               f"{identifier} was to say {code} and says {after[identifier]['status']} {after[identifier]['code']}: "
               f"{after[identifier]['summary']}")
        expect(before[identifier]["code"] != code, f"{identifier} says {code} without the fault, too: it is no consequence")
    hold_nothing_else({fault.finds["id"], *fault.with_it}, healthy, report)
    if finding["status"] == "fail" or finding["severity"] == "required":
        expect(report["reason"] == fault.finds["id"], f"the first line names {report['reason']}, not {fault.finds['id']}")


def hold_remedy(report, finding, explained):
    """The finding says what to do, and `explain ID CODE` says the same of any board of that distribution."""
    name = f"{finding['id']} {finding['code']}"
    expect(finding["remedy"], f"{name} says nothing of what to do")
    for text in (finding["summary"], finding["remedy"]):
        expect(not re.search(r"\{[a-z_]+\}", text), f"{name}: a word in braces was not filled in: {text}")
    words, record = explained
    remedy = record["remedy"] or {}
    template = remedy.get(REMEDY_OF.get(report["stack"]["distribution"], "other")) or remedy.get("other")
    expect(template, f"explain {name} has no remedy for {report['stack']['distribution']}")
    pieces = re.split(r"\{[a-z_]+\}", template)
    expect(re.fullmatch(".*".join(re.escape(piece) for piece in pieces), finding["remedy"], re.DOTALL),
           f"explain {name} says {template!r}, the report {finding['remedy']!r}")
    expect(" ".join(template.split()) in " ".join(words.split()), f"explain {name} --json has {template!r}, its words do not")
