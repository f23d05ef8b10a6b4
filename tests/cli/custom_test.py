#!/usr/bin/env python3
"""The administrator's own checks, custom/NAME: real programs in a folder, run by the real command on this machine.

Programs are run only where they are root's. Where the tests are not run by root, that none of them is run is all that can
be tested, and the rest is skipped, loudly.
"""

import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path

from command import command_from_arguments, expect, run_cases
from program_under_test import check_of

command = command_from_arguments()
IS_ROOT = os.geteuid() == 0
SH = "#!/bin/sh\n"

# Name, script, mode; then the status and code that the check must have, and what its summary must hold.
WAYS = [
    ("passes", SH + "echo All is well", 0o755, "pass", "ok", "All is well"),
    ("passes-in-silence", SH + "exit 0", 0o755, "pass", "ok", "ended with exit status 0 and said nothing"),
    ("fails", SH + "echo The disk is full; echo 3 of 3 GB; echo oh >&2; exit 1", 0o755, "fail", "failed", "The disk is full"),
    ("does-not-know", SH + "echo No disk here; exit 2", 0o755, "unknown", "not-decided", "No disk here"),
    ("exits-with-7", SH + "echo hm; exit 7", 0o755, "unknown", "unexpected-status", "exit status 7"),
    ("crashes", SH + "echo before; kill -SEGV $$", 0o755, "unknown", "ended-by-signal", "signal 11"),
    ("prints-without-end", SH + "yes", 0o755, "unknown", "printed-too-much", "printed more"),
    ("sleeps", SH + "sleep 1000 & trap '' TERM; sleep 1000", 0o755, "unknown", "timed-out", "within 1 s"),
    ("leaves-a-child", SH + "sleep 1000 & echo gone; exit 0", 0o755, "pass", "ok", "gone"),
    ("says-garbage", SH + r"printf 'a\033[31m\377\000b\n'; head -c 9000 /dev/urandom; exit 1", 0o755, "fail", "failed", "a[31m�b"),
    ("is-not-executable", SH + "exit 0", 0o644, "unknown", "not-executable", "may not be executed"),
    ("is-writable-by-others", SH + "touch {trace}", 0o777, "unknown", "not-trusted", "can be written by others"),
    ("has-no-interpreter", "#!/nonexistent/interpreter\n", 0o755, "unknown", "not-started", "could not be started"),
]


class Folder:
    """A configuration with programs, as root would keep it."""

    def __init__(self, settings=None):
        self.path = Path(tempfile.mkdtemp(dir=command.work))
        self.path.chmod(0o755)
        self.programs = self.path / "checks.d"
        self.programs.mkdir(mode=0o755)
        self.programs.chmod(0o755)
        self.settings(settings or {})

    def settings(self, custom):
        (self.path / "config.json").write_text(json.dumps({"custom": custom}))

    def add(self, name, script, mode=0o755):
        (self.programs / name).write_text(script)
        (self.programs / name).chmod(mode)

    def run(self, *arguments, **more):
        line = [str(command.program.folder / "jetcuda-check"), *map(str, arguments),
                "--data", str(command.program.folder / "data"), "--config", str(self.path)]
        return command.start(line, **more)

    def report(self, *arguments):
        done = self.run("run", "--json", *arguments)
        flaws = command.program.flaws_of(done.stdout.encode())
        expect(not flaws, f"the report breaks its schema: {flaws[:5]}; {done.stderr}")
        return json.loads(done.stdout)

    def ids(self):
        return [check["id"] for check in json.loads(self.run("list", "--json").stdout)["checks"]]


def customs_of(report):
    return {check["id"]: check for check in report["checks"] if check["group"] == "custom"}


def folder_of_every_way(settings=None):
    folder = Folder({"checks": {"sleeps": {"limit_s": 1}}, **(settings or {})})
    for name, script, mode, *_ in WAYS:
        folder.add(name, script.replace("{trace}", str(folder.path / "trace")), mode)
    return folder


def every_way_to_end():
    folder = folder_of_every_way()
    report = folder.report()
    checks = customs_of(report)
    expect(sorted(checks) == sorted("custom/" + way[0] for way in WAYS), f"the checks are {sorted(checks)}")
    for name, _, _, status, code, words in WAYS:
        check = checks["custom/" + name]
        expect((check["status"], check["code"]) == (status, code), f"{name}: {check}")
        expect(words in check["summary"], f"{name}: says {check['summary']!r}")
        expect(check["severity"] == "wanted", f"{name}: {check['severity']}")
        expect((check["measured_at"] is not None) == (status in ("pass", "fail")), f"{name}: {check['measured_at']}")
        expect(check["remedy"] or status == "pass", f"{name} has no remedy")
        said = json.dumps(check, ensure_ascii=False)
        expect(not re.search(r"\\u00[01]|\x7f", said), f"{name}: control characters in {said}")
        if status == "unknown" and name != "does-not-know":
            expect(str(folder.programs / name) in check["summary"], f"{name}: does not name the file")
    expect(not (folder.path / "trace").exists(), "a program that others can write was run")
    evidence = [(each["what"], each["value"]) for each in checks["custom/fails"]["evidence"]]
    expect(evidence == [("exit status", "1"), ("it said", "3 of 3 GB"), ("it complained", "oh")], f"evidence: {evidence}")
    expect(len(report["checks"]) > len(checks), "the checks of the build are missing")
    text = folder.run("run", "--all").stdout
    for name, *_, words in WAYS:
        expect(f"custom/{name}" in text and words in text, f"the text lacks {name}: {text}")
    expect("\x1b" not in text, "the text steers the terminal")


def none_of_their_children_is_left():
    folder = Folder({"limit_s": 1})
    pids = folder.path / "pids"
    folder.add("a", SH + f"sleep 1000 & echo $! >>{pids}; exit 0")
    folder.add("b", SH + f"trap '' TERM; sleep 1000 & echo $! >>{pids}; wait")
    folder.report("custom/a", "custom/b")
    left = [int(pid) for pid in pids.read_text().split()]
    expect(len(left) == 2, f"the programs were not run: {left}")
    end = time.monotonic() + 30
    while any(lives(pid) for pid in left) and time.monotonic() < end:
        time.sleep(0.01)
    expect(not any(lives(pid) for pid in left), "a child is left")


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def names_that_are_none():
    folder = Folder()
    for name in ("good", "bad.sh", "bad~", "Bad", "-bad"):
        folder.add(name, SH + f"touch {folder.path}/ran-{name}")
    (folder.programs / "folder").mkdir()
    (folder.programs / "off").symlink_to("/dev/null")
    for verb in (("run", "--json"), ("list",)):
        done = folder.run(*verb)
        lines = done.stderr.splitlines()
        expect(len(lines) == 5 and all("is not run: " in line for line in lines), f"{verb}: {done.stderr}")
        for name in ("bad.sh", "bad~", "Bad", "-bad", "folder"):
            expect(any(str(folder.programs / name) in line for line in lines), f"{verb}: {name} is not told: {lines}")
    expect([name for name in folder.ids() if name.startswith("custom/")] == ["custom/good"], f"the checks: {folder.ids()}")
    expect([path.name for path in folder.path.glob("ran-*")] == ["ran-good"], "another program was run")


def one_is_run_by_its_name():
    folder = folder_of_every_way()
    folder.add("traces", SH + f"echo once >>{folder.path}/count; echo counted")
    report = folder.report("custom/traces")
    expect([check["id"] for check in report["checks"]] == ["custom/traces"], "other checks are in the report")
    expect((folder.path / "count").read_text() == "once\n", "not run exactly once")
    expect(not report["probed"], "a driver was asked for it")
    done = folder.run("run", "custom/traces")
    expect("pass  custom/traces: counted" in done.stdout, f"not shown: {done.stdout}")
    folder.report("libcuda-is-found")
    expect((folder.path / "count").read_text() == "once\nonce\n", "run although another check was asked for")
    folder.run("facts")
    folder.run("list")
    folder.run("explain", "custom/traces")
    expect((folder.path / "count").read_text() == "once\nonce\n", "run although nothing was judged")


def ids_that_do_not_exist():
    folder = Folder()
    folder.add("disk", SH)
    for identifier, hint in (("custom/dusk", "Did you mean custom/disk?"), ("custom/", ""), ("custom/../disk", ""), ("disk", "")):
        for verb in ("run", "explain"):
            done = folder.run(verb, identifier)
            expect(done.returncode == 64, f"{verb} {identifier}: exit status {done.returncode}")
            expect(f"There is no check {identifier}." in done.stderr and done.stderr.count("\n") == 1, done.stderr)
            expect(not hint or hint in done.stderr, f"no hint: {done.stderr}")


def explain_and_list_tell_them():
    folder = Folder({"checks": {"disk": {"severity": "required", "remedy": "Mount our disk: sudo mount /data"}}})
    folder.add("disk", SH)
    text = folder.run("explain", "custom/disk").stdout
    for words in ("custom/disk (required, custom)", str(folder.programs / "disk"), "sudo mount /data", "timed-out (unknown)",
                  "not-trusted (unknown)", "not-probed (not-applicable)"):
        expect(words in text, f"explain lacks {words!r}: {text}")
    done = folder.run("explain", "custom/disk", "timed-out")
    expect(done.returncode == 0 and "timed-out (unknown)" in done.stdout, f"{done.stdout}{done.stderr}")
    done = folder.run("explain", "custom/disk", "timed-uot")
    expect(done.returncode == 64 and "timed-out" in done.stderr, f"{done.stderr}")
    expect(re.search(r"^custom/disk +required +custom +the program ", folder.run("list").stdout, re.M), "not listed")
    expect("custom" not in folder.run("list", "--markdown").stdout, "the README's table would differ from machine to machine")


def a_required_one_decides():
    folder = Folder({"checks": {"disk": {"severity": "required"}, "gone": {"severity": "required"}}})
    folder.add("disk", SH + "echo The disk is gone; exit 1")
    done = folder.run("run", "custom/disk")
    expect(done.returncode == 2 and done.stdout.startswith("unhealthy: The disk is gone; 0 of 1 checks pass"), done.stdout)
    check = check_of(folder.report("custom/gone"), "custom/gone")
    expect((check["status"], check["code"]) == ("unknown", "not-there"), f"a program that is gone: {check}")
    (folder.programs / "gone").symlink_to("/dev/null")
    expect("custom/gone" not in folder.ids(), "what is switched off is judged")


def nothing_is_run_where_it_must_not_be():
    folder = Folder({"checks": {"disk": {"severity": "required"}}})
    folder.add("disk", SH + f"touch {folder.path}/ran; exit 1")
    board = command.board("orin-r36.5")
    driver = command.driver({"board": "orin", "driver_version": 12060})
    for arguments, code in ((["--no-probe"], "not-probed"), (["--root", board], "not-this-system"),
                            (["--root", board, "--driver", driver], "not-this-system"),
                            (["--root", board, "--no-probe"], "not-this-system")):
        check = check_of(folder.report("custom/disk", *arguments), "custom/disk")
        expect((check["status"], check["code"]) == ("not-applicable", code), f"{arguments}: {check}")
    folder.settings({})
    (folder.path / "config.json").write_text('{"probe": {"enabled": false}}')
    expect(check_of(folder.report(), "custom/disk")["code"] == "not-probed", "run although the settings say not to probe")
    expect(not (folder.path / "ran").exists(), "it was run")


def all_of_them_have_their_time():
    folder = Folder({"total_limit_s": 1})
    folder.add("a", SH + "sleep 1000")
    folder.add("b", SH + "echo never")
    checks = customs_of(folder.report("custom/a", "custom/b"))
    expect(checks["custom/a"]["code"] == "timed-out", f"{checks['custom/a']}")
    expect(checks["custom/b"]["code"] == "no-time-left", f"{checks['custom/b']}")


def the_digest_is_of_how_they_end():
    folder = Folder()
    folder.add("disk", SH + "date +%s%N; echo $$; exit 1")
    first, second = folder.report("custom/disk"), folder.report("custom/disk")
    expect(first["checks"][0]["summary"] != second["checks"][0]["summary"], "the program does not vary")
    expect(first["digest"] == second["digest"], "what it says changes the digest")
    folder.add("disk", SH + "exit 0")
    third = folder.report("custom/disk")
    expect(third["digest"] != first["digest"], "how it ends does not change the digest")
    before, after = folder.path / "before.json", folder.path / "after.json"
    before.write_text(json.dumps(first))
    after.write_text(json.dumps(third))
    done = folder.run("diff", before, after)
    expect(done.returncode == 1 and "better   custom/disk (wanted): fail (failed) → pass (ok)" in done.stdout, done.stdout)
    before.write_text(json.dumps(second))
    after.write_text(json.dumps(first))
    expect(folder.run("diff", before, after).returncode == 0, "two runs of one state differ")


def the_runner_tells_the_daemon():
    folder = Folder()
    folder.add("disk", SH + "echo ours")
    line = {"checks": ["custom/disk"], "probe": True, "settle_ms": []}
    lines = [json.loads(text) for text in folder.run("run", "--json", "--request=-", text=json.dumps(line) + "\n")
             .stdout.splitlines()]
    expect({"progress": "custom/disk"} in lines, f"does not tell what it is about: {lines[:-1]}")
    check, = lines[-1]["report"]["checks"]
    expect((check["id"], check["code"], check["summary"]) == ("custom/disk", "ok", "ours"), f"{check}")
    done = folder.run("run", "--json", "--request=-", text=json.dumps({**line, "checks": ["custom/none"]}) + "\n")
    expect("There is no check custom/none." in json.loads(done.stdout.splitlines()[-1])["error"], done.stdout)


def the_service_user_runs_what_is_roots():
    """As the daemon's runner does: an ordinary user, and programs that root put there."""
    folder = Folder({"checks": {"shut": {}}})
    folder.add("who", SH + "id -u")
    folder.add("shut", SH + "id -u", 0o700)
    folder.path.parent.chmod(0o755)
    done = command.program.start(["run", "--json", "custom/who", "custom/shut", "--data", str(command.program.folder / "data"),
                                  "--config", str(folder.path)], as_nobody=True)
    checks = customs_of(json.loads(done.stdout))
    expect((checks["custom/who"]["code"], checks["custom/who"]["summary"]) == ("ok", "65534"), f"{checks['custom/who']}")
    expect(checks["custom/shut"]["code"] == "not-started" and "Permission denied" in checks["custom/shut"]["summary"],
           f"{checks['custom/shut']}")
    folder.programs.chmod(0o700)
    done = command.program.start(["run", "--json", "--data", str(command.program.folder / "data"),
                                  "--config", str(folder.path)], as_nobody=True)
    expect(b"cannot be listed" in done.stderr, f"not told: {done.stderr}")
    checks = customs_of(json.loads(done.stdout))
    expect([(check["id"], check["status"], check["code"]) for check in checks.values()] ==
           [("custom/shut", "unknown", "not-readable")], f"a check that the settings name vanished: {checks}")


def settings_that_are_wrong_are_told():
    folder = Folder({"checks": {"disk": {"severety": "required"}}})
    for arguments in (("run",), ("list",), ("explain", "libcuda-is-found")):
        done = folder.run(*arguments)
        expect(done.returncode == 64 and "custom.checks.disk.severety" in done.stderr, f"{arguments}: {done.stderr}")


def of_another_user_none_is_run():
    """Whoever runs the tests without being root owns the programs, and is not root."""
    folder = folder_of_every_way()
    for name, *_ in WAYS:
        folder.add(name, SH + f"touch {folder.path}/ran")
    checks = customs_of(folder.report())
    expect(len(checks) == len(WAYS), f"the checks: {sorted(checks)}")
    for check in checks.values():
        expect((check["status"], check["code"]) == ("unknown", "not-trusted"), f"{check}")
    expect(not (folder.path / "ran").exists(), "a program of an ordinary user was run")


FOR_ALL = [names_that_are_none, ids_that_do_not_exist, explain_and_list_tell_them, nothing_is_run_where_it_must_not_be,
           settings_that_are_wrong_are_told]
FOR_ROOT = [every_way_to_end, none_of_their_children_is_left, one_is_run_by_its_name, a_required_one_decides,
            all_of_them_have_their_time, the_service_user_runs_what_is_roots, the_digest_is_of_how_they_end,
            the_runner_tells_the_daemon]
if IS_ROOT:
    cases = FOR_ALL + FOR_ROOT
else:
    print(f"SKIPPED LOUDLY: {len(FOR_ROOT)} cases need root (run the tests with sudo)")
    cases = [case for case in FOR_ALL if case is not names_that_are_none] + [of_another_user_none_is_run]
try:
    status = run_cases([(case.__name__.replace("_", " "), case) for case in cases])
finally:
    command.close()
sys.exit(status)
