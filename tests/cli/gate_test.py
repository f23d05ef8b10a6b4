#!/usr/bin/env python3
"""The boot decision: 1 for what was measured on this board in this boot, 0 for everything else."""

import json
import socket
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


def bus_that_never_answers():
    """The deadline is the program's own; what was stored decides then, as it does where there is no bus."""
    listener = socket.socket(socket.AF_UNIX)
    address = tempfile.mkdtemp(dir=command.work) + "/bus"
    listener.bind(address)
    listener.listen()
    state = Path(tempfile.mkdtemp(dir=command.work))
    config = command.program.folder / "config" / "config.json"
    config.write_text(json.dumps({"gate": {"deadline_s": 1}}))
    try:
        for report, status in ((stored_report(), 1), (None, 0)):
            (state / "report.json").unlink(missing_ok=True)
            if report:
                (state / "report.json").write_text(json.dumps(report))
            done = command.run("gate", "--state-dir", state, "--deny-file", state / "deny",
                               DBUS_SYSTEM_BUS_ADDRESS=f"unix:path={address}")
            expect(done.returncode == status, f"exit status {done.returncode}, not {status}: {done.stderr}")
            expect("deadline_s" in done.stderr, f"does not name the deadline: {done.stderr}")
            expect((state / "deny").exists() == (status == 1), "the deny file says something else")
    finally:
        config.unlink()
        listener.close()


def json_says_the_same():
    done = gate(stored_report(), None, "--json")
    answer = json.loads(done.stdout)
    expect(answer["schema"] == "jetcuda-check.gate/1" and answer["allow"] is False and done.returncode == 1,
           f"not the decision: {done.stdout}")


try:
    status = run_cases([(case.__name__.replace("_", " "), case) for case in (
        measured_failure_withholds, everything_else_passes, faults_of_ours_pass, settings_decide,
        deny_file_says_what_the_exit_status_says, bus_that_never_answers, json_says_the_same)])
finally:
    command.close()
sys.exit(status)
