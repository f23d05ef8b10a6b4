#!/usr/bin/env python3
"""`diff A B`: on reports of boards, of files that are none, from pipes, and with the exit status of diff(1)."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from command import TIME_LIMIT, command_from_arguments, expect, run_cases

command = command_from_arguments()


def report_of(board, *arguments):
    file = Path(tempfile.mkdtemp(dir=command.work)) / "report.json"
    file.write_text(command.run("run", "--json", "--root", command.board(board), *arguments).stdout)
    return file


def changed(file, change):
    report = json.loads(file.read_text())
    change(report)
    other = Path(tempfile.mkdtemp(dir=command.work)) / "changed.json"
    other.write_text(json.dumps(report))
    return other


def told(status, *arguments, **more):
    done = command.run("diff", *arguments, **more)
    expect(done.returncode == status, f"exit status {done.returncode}, not {status}: {done.stdout}{done.stderr}")
    return done


def two_runs_on_one_board_are_the_same():
    done = told(0, report_of("orin-r36.5"), report_of("orin-r36.5"))
    expect(done.stdout.startswith("same: healthy in both reports\n"), f"not told: {done.stdout}")
    expect(len(done.stdout.splitlines()) == 3, f"more is told: {done.stdout}")


def a_board_that_broke():
    sound, broken = report_of("orin-r36.5"), report_of("orin-r36.5-broken")
    lines = told(1, sound, broken).stdout.splitlines()
    expect(lines[0].startswith("healthy → unhealthy: gpu-module-is-loaded fails"), f"first line: {lines[0]}")
    expect(lines[1].startswith("worse    gpu-module-is-loaded (required): pass (ok) → fail (not-loaded): "),
           f"the cause does not come first: {lines[1]}")
    kinds = [line.split()[0] for line in lines[1:] if line and line[0] != " "]
    order = {"worse": 0, "changed": 1, "better": 2}
    expect([order[kind] for kind in kinds] == sorted(order[kind] for kind in kinds), f"not worse first: {kinds}")
    back = told(1, broken, sound).stdout.splitlines()
    expect(back[0] == "unhealthy → healthy: gpu-module-is-loaded passes", f"first line: {back[0]}")
    expect(not any(line.startswith("worse") for line in back), "something is worse on a board that was mended")


def json_follows_its_schema():
    import jsonschema
    schema = json.loads((Path(__file__).resolve().parents[2] / "config" / "diff.schema.json").read_text())
    sound = report_of("orin-r36.5")
    for other, status in ((sound, 0), (report_of("orin-r36.5-broken"), 1), (report_of("thor-r39.2"), 1),
                          (report_of("not-a-jetson"), 1)):
        answer = json.loads(told(status, sound, other, "--json").stdout)
        jsonschema.validate(answer, schema)
        expect(answer["same"] == (status == 0) and answer["b"]["file"] == str(other), f"says {answer['same']}")
        expect(answer["a"]["digest"] == json.loads(sound.read_text())["digest"], "another digest")


def standard_input_and_pipes():
    file = report_of("orin-r36.5")
    done = command.start(command.line("diff", file, "-"), file.read_text())
    expect(done.returncode == 0, f"standard input: {done.stderr}")
    # As a shell's <(…) hands it over.
    read, write = os.pipe()
    with subprocess.Popen(command.line("diff", f"/dev/fd/{read}", file), stdout=subprocess.PIPE, text=True,
                          pass_fds=[read], env=command.environment()) as process:
        os.close(read)
        with os.fdopen(write, "w") as pipe:
            pipe.write(file.read_text())
        process.communicate(timeout=TIME_LIMIT)
    expect(process.returncode == 0, "a pipe is not read to its end")


def values_and_waivers():
    file = report_of("orin-r36.5")
    other = changed(file, lambda report: report["stack"].update(l4t="36.4.3"))
    expect("changed  stack.l4t: 36.5.0 → 36.4.3\n" in told(1, file, other).stdout, "the release is not told")
    broken = report_of("orin-r36.5-broken")

    def waive(report):
        for check in report["checks"]:
            check["waived"] = check["waived"] or check["status"] == "fail"

    text = told(1, broken, changed(broken, waive)).stdout
    expect("better   gpu-module-is-loaded (required): fail (not-loaded) → fail (not-loaded, waived)" in text,
           f"a waiver is not told: {text}")


def only_in_one():
    file = report_of("orin-r36.5")
    fewer = changed(file, lambda report: report["checks"].pop())
    expect("judged in the first report only" in told(1, file, fewer).stdout, "a check that went is not told")
    expect("judged in the second report only" in told(1, fewer, file).stdout, "a check that came is not told")


def what_is_no_report_names_the_file_and_the_place():
    file = report_of("orin-r36.5")
    for name, change, place in (
            ("a status", lambda report: report["checks"][3].update(status="maybe"), "/checks/3/status is \"maybe\""),
            ("a schema", lambda report: report.update(schema="jetcuda-check.facts/1"), "/schema is"),
            ("a key", lambda report: report.pop("verdict"), "/verdict is missing")):
        damaged = changed(file, change)
        done = told(74, file, damaged)
        expect(not done.stdout and done.stderr.count("\n") == 1, f"{name}: not one line: {done.stdout}{done.stderr}")
        for word in (str(damaged), place, "jetcuda-check run --json"):
            expect(word in done.stderr, f"{name}: \"{word}\" is not told: {done.stderr}")
    cut = changed(file, lambda report: None)
    cut.write_text(file.read_text()[:-100])
    expect("line " in told(74, cut, file).stderr, "the place where it was cut is not told")
    empty = changed(file, lambda report: None)
    empty.write_text("")
    told(74, empty, file)
    cut.write_text("[" * 5_000_000)
    expect("longer than" in told(74, cut, file).stderr, "a file that is too large is read")


def files_that_may_not_be_read():
    file, hidden = report_of("orin-r36.5"), report_of("orin-r36.5")
    for each, mode in ((file, 0o644), (hidden, 0o600)):
        each.parent.chmod(0o755)
        each.chmod(mode)
    done = command.program.start(["diff", str(file), str(hidden)], as_nobody=True)
    errors = done.stderr.decode()
    if os.geteuid() == 0:
        expect(done.returncode == 74 and f"{hidden} could not be read: Permission denied" in errors, f"not told: {errors}")
    closed = ["sh", "-c", 'exec "$@" <&-', "sh", *command.line("diff", file, "-")]
    done = command.start(closed)
    expect(done.returncode == 74 and "standard input could not be read" in done.stderr, f"closed input: {done.stderr}")
    closed[2] = 'exec "$@" >&-'
    done = command.start([*closed[:4], *command.line("diff", file, file)])
    expect(done.returncode == 74 and "could not be written" in done.stderr, f"closed output: {done.stderr}")


def nothing_of_a_report_steers_the_terminal():
    file = report_of("orin-r36.5")
    hostile = changed(file, lambda report: report["device"].update(model="\x1b[2J\u202eevil\n\nhealthy"))
    text = told(1, file, hostile).stdout
    expect("\x1b" not in text and "\u202e" not in text and "\nhealthy" not in text, f"steers: {text!r}")


try:
    status = run_cases([(case.__name__.replace("_", " "), case) for case in (
        two_runs_on_one_board_are_the_same, a_board_that_broke, json_follows_its_schema, standard_input_and_pipes,
        values_and_waivers, only_in_one, what_is_no_report_names_the_file_and_the_place,
        files_that_may_not_be_read, nothing_of_a_report_steers_the_terminal)])
finally:
    command.close()
sys.exit(status)
