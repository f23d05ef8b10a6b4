#!/usr/bin/env python3
"""run, status, facts, list and explain, on boards and on this machine, with and without rights."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

from command import TIME_LIMIT, command_from_arguments, expect, run_cases

command = command_from_arguments()
VERDICTS = {"healthy": 0, "degraded": 1, "unhealthy": 2, "unknown": 3}
ORIN = {"board": "orin", "driver_version": 12060}


def run_speaks_text_and_json():
    board, driver = command.board("orin-r36.5"), command.driver(ORIN)
    plain = command.run("run", "--root", board, "--driver", driver)
    report = json.loads(command.run("run", "--json", "--root", board, "--driver", driver).stdout)
    expect(plain.returncode == VERDICTS[report["verdict"]], f"exit status {plain.returncode}, verdict {report['verdict']}")
    expect(plain.stdout.startswith(report["verdict"]), f"the text does not open with the verdict: {plain.stdout[:200]}")
    expect("\x1b" not in plain.stdout, "colours although nobody looks")
    expect("simulated" in plain.stdout, "does not say that the driver is simulated")


def all_shows_what_passes():
    board = command.board("orin-r36.5")
    few = command.run("run", "--no-probe", "--root", board).stdout
    more = command.run("run", "--no-probe", "--root", board, "--all").stdout
    expect("libcuda-is-found" not in few, "a check that passes is shown unasked")
    expect("libcuda-is-found" in more, "--all does not show a check that passes")


def run_judges_what_it_is_asked():
    board = command.board("orin-r36.5-broken")
    done = command.run("run", "soc-is-supported", "--json", "--root", board)
    report = json.loads(done.stdout)
    expect([check["id"] for check in report["checks"]] == ["soc-is-supported"], "other checks are in the report")
    expect(done.returncode == 0, "the verdict does not rest on the named check alone")
    done = command.run("run", "soc-is-supported", "--root", board)
    expect("soc-is-supported" in done.stdout, "who asks for a check does not see it")


def run_takes_ids_in_any_number():
    board = command.board("orin-r36.5")
    done = command.run("run", "libcuda-is-found", "soc-is-supported", "libcuda-is-found", "--json", "--root", board)
    expect([check["id"] for check in json.loads(done.stdout)["checks"]] == ["libcuda-is-found", "soc-is-supported"],
           "not each once, in the order in which they were named")
    ids = [check["id"] for check in json.loads(command.run("list", "--json").stdout)["checks"]]
    every = json.loads(command.run("run", *ids, "--json", "--root", board).stdout)
    whole = json.loads(command.run("run", "--json", "--root", board).stdout)
    expect(every["digest"] == whole["digest"], "every check by its name is another report than all of them")
    for identifier in ids:
        done = command.run("run", identifier, "--root", board)
        expect(identifier in done.stdout, f"run {identifier} does not show it: {done.stdout}")
        expect(done.returncode in VERDICTS.values(), f"run {identifier}: exit status {done.returncode}: {done.stderr}")


def a_named_check_that_could_not_be_judged_says_why():
    done = command.run("run", "driver-initializes", "--root", command.board("orin-r36.5"))
    expect(done.returncode == 3 and done.stdout.startswith("unknown: The GPU was not probed in this run\n"),
           f"the first line does not say why: {done.stdout}")
    done = command.run("run", "device-nodes-are-present", "--root", command.board("orin-r36.5-broken"))
    expect(done.returncode == 3 and "        jetcuda-check run gpu-module-is-loaded\n" in done.stdout,
           f"does not lead to the cause: {done.stdout}")
    done = command.run("run", "--root", command.board("orin-r36.5-broken"))
    expect("not in this report" not in done.stdout, "leads to a cause that is told already")


def named_static_checks_ask_no_driver():
    driver = command.driver({**ORIN, "faults": [{"step": "init", "do": "crash"}]})
    board = command.board("orin-r36.5")
    done = command.run("run", "libcuda-is-found", "--json", "--root", board, "--driver", driver)
    expect(not json.loads(done.stdout)["probed"], "a driver was asked for a check that does not need its answer")
    done = command.run("run", "driver-initializes", "--json", "--root", board, "--driver", driver)
    check = json.loads(done.stdout)["checks"][0]
    expect(done.returncode == 2 and check["code"] == "crashed", f"the crash is not told: {check}")


def status_without_a_daemon_judges_here():
    done = command.start(command.line("status", "--root", command.board("orin-r36.5")))
    expect("daemon is not asked" in done.stderr and done.stderr.count("\n") == 1, f"does not say so: {done.stderr}")
    run = command.run("run", "--root", command.board("orin-r36.5"))
    # The last line tells when, and how long it took.
    expect(done.stdout.splitlines()[:-1] == run.stdout.splitlines()[:-1] and done.returncode == run.returncode, "says something else than run")


def no_bus_is_told_in_one_line():
    line = [command.line("status")[0]]
    if not os.path.isdir("/usr/share/jetcuda-check/data"):
        # Not installed, so the fallback has no data; that it was tried is what is tested.
        done = command.start(line)
        expect("The daemon gave no report" in done.stderr.splitlines()[0], f"not told: {done.stderr}")
        return
    done = command.start(line)
    expect(done.returncode in VERDICTS.values() and done.stderr.count("\n") == 1, f"not told: {done.stderr}")


def facts_have_sources():
    done = command.run("facts", "--json", "--root", command.board("orin-r36.5"))
    answer = json.loads(done.stdout)
    facts = {fact["name"]: fact for fact in answer["facts"]}
    expect(done.returncode == 0 and answer["schema"] == "jetcuda-check.facts/1", f"no facts: {done.stdout[:200]}")
    expect(facts["board.soc"]["value"] == "T234" and facts["board.soc"]["source"], f"no SoC: {facts.get('board')}")
    expect(facts["release.l4t"]["value"] == "36.5.0", "no release")
    expect(facts["driver_probe"]["missing"]["reason"] == "not-asked", "a driver was asked unasked")
    for fact in answer["facts"]:
        expect((fact["value"] is None) == (fact["missing"] is not None), f"neither value nor reason: {fact}")
    text = command.run("facts", "--root", command.board("orin-r36.5")).stdout
    expect(len(text.splitlines()) == len(answer["facts"]), "not one line a fact")


def list_and_explain_agree():
    checks = json.loads(command.run("list", "--json").stdout)["checks"]
    ids = [check["id"] for check in checks]
    expect(len(ids) >= 16 and len(set(ids)) == len(ids), f"the checks: {ids}")
    expect([line.split()[0] for line in command.run("list").stdout.splitlines()] == ids, "list shows others")
    table = command.run("list", "--markdown").stdout.splitlines()
    expect([row.split("`")[1] for row in table[2:]] == ids, "the table shows others")
    expect(all(row.count("|") == table[0].count("|") for row in table), "a row has other columns than the head")
    for check in checks:
        text = command.run("explain", check["id"]).stdout
        for code in check["codes"]:
            expect(f"{code['code']} ({code['status']})" in text, f"explain {check['id']} lacks {code['code']}")
        for line in text.splitlines():
            # Only a command is not wrapped, since it is there to be copied.
            expect(len(line) <= 80 or line.startswith(" " * 20), f"explain {check['id']} has a long line: {line}")


def explain_shows_every_code_alone():
    """Each with its status, its sentence, and the exact command for each distribution."""
    answer = json.loads(command.run("list", "--json").stdout)
    names = {"apt": "Ubuntu", "nix": "NixOS", "yocto": "Yocto", "other": ("others", "remedy")}
    for index, check in enumerate(answer["checks"]):
        whole = command.run("explain", check["id"]).stdout
        # Common codes are the same for all; every one is asked of two checks, and the check's own codes of itself.
        for code in check["codes"] + (answer["common_codes"] if index < 2 else []):
            done = command.run("explain", check["id"], code["code"])
            where = f"explain {check['id']} {code['code']}"
            expect(done.returncode == 0, f"{where}: exit status {done.returncode}: {done.stderr}")
            lines = done.stdout.splitlines()
            expect(lines[0].startswith(check["id"]) and f"  {code['code']} ({code['status']})" in lines, f"{where}: {lines}")
            expect(sum(line.startswith("  ") and line[2] != " " for line in lines) == 1, f"{where} shows other codes")
            words = " ".join(done.stdout.split())
            expect(" ".join(code["sentence"].split()) in words, f"{where} lacks its sentence: {words}")
            for distribution, remedy in code["remedy"].items():
                if remedy is None:
                    continue
                expect(any(f"      {name}" in done.stdout for name in ([names[distribution]] if distribution != "other"
                                                                        else names["other"])), f"{where}: {distribution}")
                command_line = remedy.rsplit(": ", 1)[1] if ": " in remedy and not remedy.endswith(".") else None
                if command_line:
                    expect(any(line.strip() == command_line for line in lines), f"{where} lacks {command_line!r} in one piece")
                    expect(command_line in whole, f"explain {check['id']} lacks {command_line!r}")
                else:
                    expect(" ".join(remedy.split()) in words, f"{where} lacks {remedy!r}")
            if index >= 2:
                continue
            only = json.loads(command.run("explain", check["id"], code["code"], "--json").stdout)
            found = [each["code"] for each in only["checks"][0]["codes"] + only["common_codes"]]
            expect(found == [code["code"]], f"{where} --json has {found}")


def this_machine_as_nobody():
    """Whatever this machine is, an ordinary user gets an answer and no crash."""
    command.program.start(["--version"], as_nobody=True)
    for arguments in (["run", "--no-probe", "--json"], ["facts", "--no-probe"], ["run", "--no-probe"]):
        done = command.program.start([*arguments, "--data", str(command.program.folder / "data"),
                                      "--config", str(command.program.folder / "config")], as_nobody=True)
        expect(done.stdout, f"{arguments}: no answer: {done.stderr}")
        expect(done.returncode in VERDICTS.values(), f"{arguments}: exit status {done.returncode}")


def a_lock_that_somebody_holds():
    """A run that cannot have the GPU says who has it, and that nothing was measured; it does not call it sound."""
    state = tempfile.mkdtemp(dir=command.work)
    lock = os.path.join(state, "gpu.lock")
    # What a run leaves whose probe is stuck in the kernel: its record, and a process that keeps the lock.
    with open(lock, "w") as file:
        file.write("stuck 1\n")
    flock = shutil.which("flock", path="/usr/bin:/bin")
    expect(flock, "flock (package util-linux) is missing")
    with subprocess.Popen([flock, lock, "sh", "-c", "echo held; exec cat"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as holder:
        try:
            expect(holder.stdout.readline() == "held\n", "the lock could not be taken")
            done = command.run("run", "--json", "--root", command.board("orin-r36.5"), "--driver", command.driver(ORIN),
                               "--state-dir", state)
        finally:
            holder.stdin.close()
            holder.wait(TIME_LIMIT)
    checks = {check["id"]: check for check in json.loads(done.stdout)["checks"]}
    expect(checks["driver-initializes"]["code"] == "probe-still-stuck", f"said {checks['driver-initializes']}")
    expect(done.returncode == 3, f"exit status {done.returncode}, not unknown")


def colours_only_where_they_are_wanted():
    script = shutil.which("script", path="/usr/bin:/bin")
    if not script:
        print("      (script, of bsdutils, is missing: not tried on a terminal)")
        return
    line = " ".join(command.line("run", "--no-probe", "--root", command.board("orin-r36.5-broken")))
    on_terminal = [script, "-qec", line, "/dev/null"]
    expect("\x1b[" in command.start(on_terminal, TERM="xterm").stdout, "no colour on a terminal")
    expect("\x1b[" not in command.start(on_terminal, TERM="xterm", NO_COLOR="1").stdout, "colours under NO_COLOR")
    expect("\x1b[" not in command.start(on_terminal, TERM="dumb").stdout, "colours on a terminal that has none")


try:
    status = run_cases([(case.__name__.replace("_", " "), case) for case in (
        run_speaks_text_and_json, all_shows_what_passes, run_judges_what_it_is_asked,
        run_takes_ids_in_any_number, a_named_check_that_could_not_be_judged_says_why, named_static_checks_ask_no_driver,
        status_without_a_daemon_judges_here, no_bus_is_told_in_one_line, facts_have_sources, list_and_explain_agree,
        explain_shows_every_code_alone,
        this_machine_as_nobody, a_lock_that_somebody_holds, colours_only_where_they_are_wanted)])
finally:
    command.close()
sys.exit(status)
