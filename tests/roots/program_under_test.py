"""Runs jetcuda-check on a root as a user would, and holds every run to what holds for all: it ends in time and by
itself, with an exit status of the contract, one JSON report that has the schema's form, and nothing of a crash on
standard error.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

VERDICTS = {"healthy": 0, "degraded": 1, "unhealthy": 2, "unknown": 3}
NOBODY = 65534


class Failed(Exception):
    """A test that does not hold; the text says what was expected and what came."""


def expect(condition, text):
    if not condition:
        raise Failed(text)


def load_validator(source):
    """Answers a function that lists every flaw of a report's text: its form, repeated keys, and a wrong digest."""
    sys.path.insert(0, str(source / "tests" / "daemon" / "report"))
    import jsonschema  # Debian and Ubuntu: python3-jsonschema
    import validate_report
    schema = json.loads((source / "config" / "report.schema.json").read_text())
    # Ubuntu 22.04 has jsonschema 3.2, which knows drafts up to 7; our schema stays within what both mean alike.
    validator = getattr(jsonschema, "Draft202012Validator", jsonschema.Draft7Validator)(schema)
    return lambda text: validate_report.flaws_of(text, validator)


class Program:
    """The built programs and data, copied where every user may read them."""

    def __init__(self, binaries, source):
        self.folder = Path(tempfile.mkdtemp(prefix="jetcuda-roots-"))
        self.folder.chmod(0o755)
        for name in ("jetcuda-check", "jetcuda-probe"):
            shutil.copy2(binaries / name, self.folder / name)
            (self.folder / name).chmod(0o755)
        shutil.copytree(source / "config" / "data", self.folder / "data")
        (self.folder / "config").mkdir()
        for folder, folders, files in os.walk(self.folder):
            for name in folders + files:
                path = Path(folder) / name
                path.chmod(0o755 if path.is_dir() or path.parent == self.folder else 0o644)
        self.flaws_of = load_validator(source)
        self.places = ["--data", str(self.folder / "data"), "--config", str(self.folder / "config")]
        self.slowest = 0.0
        # What a test may change of a run's surroundings: words before the command, and its environment.
        self.around, self.environment = [], {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, arguments, as_nobody=False, time_limit=60):
        command = [str(self.folder / "jetcuda-check"), *arguments]
        if as_nobody and os.geteuid() == 0:
            setpriv = shutil.which("setpriv", path="/usr/bin:/bin")
            expect(setpriv, "setpriv (package util-linux) is missing: run this test as a user who is not root")
            command = [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *command]
        command = [*self.around, *command]
        environment = dict(self.environment)
        environment.update({key: value for key, value in os.environ.items() if key.endswith("SAN_OPTIONS")})
        begin = time.monotonic()
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=environment,
                                  cwd="/", timeout=time_limit)
        except subprocess.TimeoutExpired:
            raise Failed(f"did not end within {time_limit} s: {' '.join(command)}") from None
        self.slowest = max(self.slowest, time.monotonic() - begin)
        errors = done.stderr.decode(errors="replace")
        expect(done.returncode >= 0, f"ended by signal {-done.returncode}: {' '.join(command)}\n{errors}")
        for word in ("AddressSanitizer", "LeakSanitizer", "runtime error:", "terminate called", "Assertion `"):
            expect(word not in errors, f"{word} on standard error of {' '.join(command)}\n{errors}")
        return done

    def report(self, root, arguments=(), as_nobody=False, time_limit=60):
        """The report and the exit status of `run --json` on a root."""
        done = self.start(["run", "--json", "--root", str(root), *self.places, *arguments], as_nobody, time_limit)
        errors = done.stderr.decode(errors="replace")
        expect(done.returncode in VERDICTS.values(),
               f"exit status {done.returncode} is none of a verdict; standard error: {errors}")
        flaws = self.flaws_of(done.stdout)
        expect(not flaws, f"the report breaks its schema: {flaws[:5]}; it begins with {done.stdout[:200]!r}; {errors}")
        report = json.loads(done.stdout)
        expect(VERDICTS[report["verdict"]] == done.returncode,
               f"exit status {done.returncode} does not belong to verdict {report['verdict']}")
        return report


def check_of(report, identifier):
    for check in report["checks"]:
        if check["id"] == identifier:
            return check
    raise Failed(f"the report has no check {identifier}")


def run_cases(cases):
    """Runs (name, function) pairs, tells each, and answers the exit status."""
    failed = 0
    for name, function in cases:
        try:
            function()
            print(f"ok    {name}", flush=True)
        except Failed as failure:
            failed += 1
            print(f"FAIL  {name}\n      {failure}", flush=True)
    print(f"{len(cases) - failed} passed, {failed} failed", flush=True)
    if not cases:
        print("no case was run", file=sys.stderr)
        return 1
    return 1 if failed else 0
