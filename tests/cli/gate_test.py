#!/usr/bin/env python3
"""The boot decision: 1 for what was measured on this board in this boot, 0 for everything else."""

import json
import sys
import tempfile
from pathlib import Path

from command import command_from_arguments, expect, run_cases

command = command_from_arguments()
BOOT_ID = Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def stored_report():
    """A report of this boot in which the driver of a real board does not initialize."""
    done = command.run("run", "--json", "--root", command.board("orin-r36.5"), "--driver",
                       command.driver({"board": "orin", "driver_version": 12060,
                                       "faults": [{"step": "init", "do": "return", "result": 999}]}))
    report = json.loads(done.stdout)
    expect(report["verdict"] == "unhealthy" and report["probed"], f"not an unhealthy report: {done.stdout[:300]}")
    report.update(boot_id=BOOT_ID, sequence=1, simulated=False)
    return report


def gate(report, settings=None, *arguments):
    state = Path(tempfile.mkdtemp(dir=command.work))
    if report is not None:
        (state / "report.json").write_text(report if isinstance(report, str) else json.dumps(report))
    config = command.program.folder / "config" / "config.json"
    if settings is not None:
        config.write_text(settings if isinstance(settings, str) else json.dumps(settings))
    try:
        return command.run("gate", "--state-dir", state, *arguments)
    finally:
        config.unlink(missing_ok=True)


def decided(allow, *given):
    done = gate(*given)
    expect(done.returncode == (0 if allow else 1), f"exit status {done.returncode}: {done.stdout}{done.stderr}")
    words = "The boot passes" if allow else "The boot is withheld"
    expect(words in done.stdout + done.stderr, f"no sentence: {done.stdout}{done.stderr}")
    return done


def measured_failure_withholds():
    done = decided(False, stored_report())
    expect("driver-initializes" in done.stdout, f"does not name the check: {done.stdout}")


def everything_else_passes():
    report = stored_report()
    decided(True, None)
    decided(True, {**report, "simulated": True})
    decided(True, {**report, "probed": False})
    decided(True, {**report, "boot_id": "00000000-0000-4000-8000-000000000000"})
    decided(True, "{")
    decided(True, "")
    decided(True, json.dumps(report)[:-40])


def faults_of_ours_pass():
    decided(True, stored_report(), "{ this is no configuration")
    decided(True, stored_report(), {"no_such_key": 1})
    done = command.run("gate", "--state-dir", "/dev/null", "--deny-file", "/dev/null/deny")
    expect(done.returncode == 0, f"exit status {done.returncode}: {done.stderr}")


def settings_decide():
    decided(True, stored_report(), {"gate": {"mode": "observe"}})
    decided(False, None, {"gate": {"on_unknown": "deny"}})
    decided(True, None, {"gate": {"on_unknown": "deny", "mode": "observe"}})


def deny_file_says_what_the_exit_status_says():
    deny = command.work / "deny"
    decided(False, stored_report(), None, "--deny-file", deny)
    expect(deny.is_file() and "driver-initializes" in deny.read_text(), "no deny file after a boot was withheld")
    decided(True, None, None, "--deny-file", deny)
    expect(not deny.exists(), "the deny file of an earlier decision is still there")
    deny.write_text("old\n")
    decided(True, stored_report(), "{ this is no configuration", "--deny-file", deny)
    expect(not deny.exists(), "a gate that could not decide left an earlier decision standing")


def json_says_the_same():
    done = decided_json = gate(stored_report(), None, "--json")
    answer = json.loads(decided_json.stdout)
    expect(answer["schema"] == "jetcuda-check.gate/1" and answer["allow"] is False and done.returncode == 1,
           f"not the decision: {done.stdout}")


try:
    status = run_cases([(case.__name__.replace("_", " "), case) for case in (
        measured_failure_withholds, everything_else_passes, faults_of_ours_pass, settings_decide,
        deny_file_says_what_the_exit_status_says, json_says_the_same)])
finally:
    command.close()
sys.exit(status)
