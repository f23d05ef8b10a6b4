#!/usr/bin/env python3
"""The installed project on a real systemd as PID 1: what `systemctl status` shows, who runs what and when, and what the
gate does to a boot.

    boot_test.py --build build/X [unittest's arguments]

The board is a folder and its driver simulated, which a drop-in for the runner's unit says; everything else is installed
as on a board.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

from container import SOURCE, Container, Tree, run, until

sys.path[:0] = [str(SOURCE / "tests" / "boards"), str(SOURCE / "tests" / "drivers")]
import make_board  # noqa: E402
import simulated_driver  # noqa: E402

DENIED = "Access denied"
HEALTHY = "healthy: JetPack 6.2.2 (L4T 36.5.0), CUDA 12.6, "

# The runner's own command line, on the pretend board. What it says of itself goes to the journal.
RUNNER = """#!/bin/sh
{ echo "runner: $(id)"; grep -E 'CapEff|NoNewPrivs' /proc/self/status; cat /proc/sys/kernel/osrelease; ls -d /dev/null; } >&2
exec /usr/bin/jetcuda-check --root /board --driver /board-driver/libcuda.so.1 run --json --request=-
"""
# Answers every request with the report in a file.
CANNED_RUNNER = """#!/bin/sh
read -r request
printf '{"report":%s}\\n' "$(cat /canned.json)"
"""
NVPMODEL = """[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sleep 3
[Install]
WantedBy=multi-user.target
"""


class BootTest(unittest.TestCase):
    build = None
    tree = None

    def container(self):
        container = Container(self.tree, self.build)
        self.addCleanup(container.close)
        # Whoever looks at a failed test wants to know what the units said.
        self.addCleanup(lambda: self.tell(container))
        return container

    def tell(self, container):
        failed = any(error for _, error in self._outcome.errors) if hasattr(self._outcome, "errors") else any(
            test is self for test, _ in self._outcome.result.failures + self._outcome.result.errors)
        if failed and container.leader:
            print(container.run("journalctl", "-b", "--no-pager", "-o", "short-monotonic", "-u", "jetcuda*", check=False))

    @staticmethod
    def give_runner(container, script):
        container.write("/opt/runner", script, 0o755)
        container.write("/etc/systemd/system/jetcuda-check-run@.service.d/pretend.conf",
                        "[Service]\nExecStart=\nExecStart=/opt/runner\n")

    def pretend_board(self, container):
        run("/usr/bin/python3", SOURCE / "tests" / "boards" / "make_board.py", "orin-r36.5", container.root / "board",
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
        driver, simulated = container.root / "board-driver", self.build / "tests" / "drivers" / "libcuda.so.1.1"
        settings = {"board": "orin", "driver_version": 12060}
        simulated_driver.lay_out(driver, simulated, settings, make_board.load("orin-r36.5")).unlink()
        shutil.copy2(simulated, driver / "libcuda.so.1")
        run("chmod", "-R", "a+rX", container.root / "board", driver)
        self.give_runner(container, RUNNER)

    def canned_report(self, container, **changes):
        """A report as a board with real hardware would give it: nothing about it says simulated."""
        done = subprocess.run(
            ["chroot", container.root, "/usr/bin/jetcuda-check", "--root", "/board", "--driver",
             "/board-driver/libcuda.so.1", "run", "--json"], stdout=subprocess.PIPE, text=True)
        report = json.loads(done.stdout)
        report.update(simulated=False, **changes)
        return report

    @staticmethod
    def failed(report):
        check = next(check for check in report["checks"] if check["id"] == "driver-initializes")
        check.update(status="fail", code="init-failed", summary="cuInit answered 999.", remedy="Do something.")
        report.update(verdict="unhealthy", reason="driver-initializes")
        return report

    def enable(self, container, gate=False):
        container.enable("jetcuda-check.service", "jetcuda-check-run.socket",
                         *(["jetcuda-check-gate.service"] if gate else []))

    def wait_for_report(self, container, sequence=1):
        return until(lambda: container.property("ReportSequence") >= sequence and container.property("CurrentRun") == "/",
                     f"report {sequence}")


class HealthyBoard(BootTest):
    def test_from_boot_to_restart(self):
        container = self.container()
        self.pretend_board(container)
        container.write("/etc/systemd/system/nvpmodel.service", NVPMODEL)
        container.write("/etc/systemd/system/jetcuda-check.service.d/watchdog.conf", "[Service]\nWatchdogSec=2\n")
        self.enable(container, gate=True)
        container.enable("nvpmodel.service")
        container.start()
        self.wait_for_report(container)
        for look in (self.look_at_status, self.look_at_runner, self.look_at_order, self.look_at_daemon,
                     self.look_at_files, self.look_at_gate, self.look_at_calls, self.look_at_socket,
                     self.look_at_command, self.look_at_activation, self.look_at_watchdog):
            with self.subTest(look.__name__):
                look(container)

    def look_at_status(self, container):
        status = container.run("systemctl", "status", "--no-pager", "jetcuda-check", check=False)
        line = next(line.strip() for line in status.splitlines() if line.strip().startswith("Status:"))
        self.assertTrue(line.startswith(f'Status: "{HEALTHY}'), line)
        self.assertTrue(line.endswith('(simulated driver)"'), line)
        self.assertEqual(container.run("systemctl", "is-system-running", check=False).strip(), "running")

    def look_at_runner(self, container):
        said = container.journal("-u", "jetcuda-check-run@*")
        identity = re.search(r"runner: (.*)", said)[1]
        self.assertIn("(jetcuda-probe)", identity)
        for group in ("video", "render", "systemd-journal"):
            self.assertIn(f"({group})", identity)
        self.assertIn("CapEff:\t0000000000000000", said)
        self.assertIn("NoNewPrivs:\t1", said)
        self.assertEqual(container.run("systemctl", "list-units", "--all", "--no-legend", "jetcuda-check-run@*"), "")

    def look_at_order(self, container):
        """Not too early: the run begins when the power mode is set."""
        done = int(container.show("nvpmodel.service", "ExecMainExitTimestampMonotonic"))
        lines = container.run("journalctl", "-b", "-o", "json", "-u", "jetcuda-check-run@*").splitlines()
        began = next(int(line["__MONOTONIC_TIMESTAMP"]) for line in map(json.loads, lines)
                     if "runner: " in str(line["MESSAGE"]))
        self.assertGreater(done, 0)
        self.assertGreater(began, done)
        ready = int(container.show("jetcuda-check.service", "ActiveEnterTimestampMonotonic"))
        self.assertLess(ready, done)  # the daemon itself waited for nothing

    def look_at_daemon(self, container):
        pid = container.show("jetcuda-check.service", "MainPID")
        status = container.run("cat", f"/proc/{pid}/status")
        user = container.run("id", "-u", "jetcuda-check").strip()
        group = container.run("id", "-g", "jetcuda-check").strip()
        self.assertRegex(status, rf"Uid:\t{user}\t{user}\t")
        self.assertRegex(status, rf"Groups:\t{group}? ?\n")
        for line in ("CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"):
            self.assertIn(line, status)
        self.assertNotIn("nv", container.run("ls", f"/proc/{pid}/root/dev"))
        memory = container.run("cat", f"/proc/{pid}/smaps_rollup")
        private = sum(int(number) for number in re.findall(r"Private_(?:Clean|Dirty):\s+(\d+) kB", memory))
        print(f"the idle daemon's private memory: {private} kB")

    def look_at_files(self, container):
        report = json.loads(container.run("cat", "/run/jetcuda-check/report.json"))
        self.assertEqual(report["boot_id"], container.run("cat", "/proc/sys/kernel/random/boot_id").strip())
        self.assertEqual(container.run("stat", "-c", "%a %U:%G", "/run/jetcuda-check").strip(),
                         "755 jetcuda-check:jetcuda-check")
        self.assertEqual(container.run("stat", "-c", "%a %U:%G", "/run/jetcuda-check/gpu.lock").strip(),
                         "660 jetcuda-check:video")
        # Again, as an update of the package does: a file of root in a folder of another user would be refused now.
        self.assertNotIn("nsafe", container.run("systemd-tmpfiles", "--create", "jetcuda-check.conf"))
        self.assertEqual(container.run("stat", "-c", "%a %U", "/run/jetcuda-check-gate").strip(), "755 root")

    def look_at_gate(self, container):
        self.assertTrue(container.is_active("jetcuda-check-gate.service"))
        self.assertTrue(container.is_active("boot-complete.target"))
        self.assertIn("passes", container.journal("-u", "jetcuda-check-gate"))

    def look_at_calls(self, container):
        self.assertIn('"verdict', container.bus("Describe", user="nobody").replace("\\", ""))
        before = container.property("ReportSequence")
        container.bus("StartRun", "asa{sv}", "0", "0", user="nobody")
        self.wait_for_report(container, before + 1)
        self.assertIs(container.property("Probed"), True)
        self.assertIn(DENIED, container.bus("StartRun", "asa{sv}", "0", "1", "probe", "b", "true", user="nobody",
                                            check=False))
        # Two in a row: systemd refuses the second connection until the first unit is gone.
        container.bus("StartRun", "asa{sv}", "0", "1", "probe", "b", "true")
        container.bus("StartRun", "asa{sv}", "0", "0")
        self.wait_for_report(container, before + 3)
        self.assertEqual(container.property("Verdict"), "healthy")

    def look_at_socket(self, container):
        connect = ["perl", "-MIO::Socket::UNIX", "-e",
                   'IO::Socket::UNIX->new(Peer => "/run/jetcuda-check-run.socket") ? print "in" : print "out: $!"']
        self.assertEqual(container.run(*connect, user="nobody"), "out: Permission denied")
        self.assertEqual(container.run(*connect, user="jetcuda-probe"), "out: Permission denied")
        denied = container.run("busctl", "call", "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                               "RequestName", "su", "io.jetcuda.Check1", "0", user="nobody", check=False)
        self.assertIn(DENIED, denied)

    def look_at_command(self, container):
        said = container.run("jetcuda-check", "status", user="nobody")
        self.assertTrue(said.startswith("healthy"), said)

    def look_at_activation(self, container):
        sequence = container.property("ReportSequence")
        container.run("systemctl", "stop", "jetcuda-check")
        self.assertFalse(container.is_active("jetcuda-check.service"))
        self.assertTrue(json.loads(container.run("cat", "/run/jetcuda-check/report.json")))
        self.assertIn("healthy", container.bus("Describe", user="nobody"))
        self.assertTrue(container.is_active("jetcuda-check.service"))
        self.assertEqual(container.property("ReportSequence"), sequence)
        self.assertEqual(container.property("CurrentRun"), "/")

    def look_at_watchdog(self, container):
        text = container.bus("Describe")
        pid = container.show("jetcuda-check.service", "MainPID")
        container.run("sh", "-c", f"kill -STOP {pid}")
        until(lambda: container.show("jetcuda-check.service", "NRestarts") == "1"
              and container.is_active("jetcuda-check.service"), "a restart by the watchdog")
        self.assertEqual(container.bus("Describe"), text)


class BrokenBoard(BootTest):
    def test_the_gate_withholds_the_boot_and_lets_it_pass_after_a_repair(self):
        container = self.container()
        self.pretend_board(container)
        report = self.canned_report(container)
        container.write("/canned.json", json.dumps(self.failed(json.loads(json.dumps(report)))))
        self.give_runner(container, CANNED_RUNNER)
        self.enable(container, gate=True)
        container.start()
        self.assertEqual(container.property("Verdict"), "unhealthy")
        self.assertEqual(container.show("jetcuda-check-gate.service", "ActiveState"), "failed")
        self.assertFalse(container.is_active("boot-complete.target"))
        self.assertTrue(container.is_active("multi-user.target"))
        self.assertIn("driver-initializes", container.journal("-u", "jetcuda-check-gate"))

        container.run("tee", "/canned.json", input=json.dumps(report))
        container.bus("StartRun", "asa{sv}", "0", "1", "probe", "b", "true")
        self.wait_for_report(container, 2)
        container.run("systemctl", "restart", "jetcuda-check-gate")
        container.run("systemctl", "start", "boot-complete.target")
        self.assertTrue(container.is_active("boot-complete.target"))

        container.run("tee", "/canned.json", input=json.dumps(self.failed(report)))
        container.bus("StartRun", "asa{sv}", "0", "1", "probe", "b", "true")
        self.wait_for_report(container, 3)
        container.run("systemctl", "restart", "jetcuda-check-gate", check=False)
        self.assertFalse(container.is_active("jetcuda-check-gate.service"))
        with self.subTest("a gate that cannot start lets the boot pass, whatever was decided before"):
            container.run("mv", "/usr/bin/jetcuda-check", "/usr/bin/elsewhere")
            container.run("systemctl", "restart", "jetcuda-check-gate")
            self.assertTrue(container.is_active("jetcuda-check-gate.service"))

    def test_a_gate_that_crashes_lets_the_boot_pass(self):
        container = self.container()
        self.pretend_board(container)
        container.write("/canned.json", json.dumps(self.failed(self.canned_report(container))))
        self.give_runner(container, CANNED_RUNNER)
        container.write("/usr/bin/jetcuda-check", "#!/bin/sh\nkill -SEGV $$\n", 0o755)
        self.enable(container, gate=True)
        container.start()
        self.wait_for_report(container)
        self.assertEqual(container.property("Verdict"), "unhealthy")
        self.assertTrue(container.is_active("jetcuda-check-gate.service"))
        self.assertTrue(container.is_active("boot-complete.target"))


class NoBoard(BootTest):
    def test_a_machine_that_is_no_jetson_is_told_so_and_nothing_fails(self):
        container = self.container()
        self.enable(container, gate=True)
        container.start()
        self.wait_for_report(container)
        self.assertEqual(container.property("Verdict"), "unknown")
        self.assertEqual(container.property("Reason"), "not-a-jetson")
        self.assertTrue(container.show("jetcuda-check.service", "StatusText").startswith("unknown: "))
        self.assertTrue(container.is_active("boot-complete.target"))
        report = json.loads(container.run("cat", "/run/jetcuda-check/report.json"))
        self.assertEqual((report["root"], report["sequence"]), ("/", 1))
        self.assertEqual(container.run("systemctl", "--failed", "--no-legend").strip(), "")
        with self.subTest("without the gate nothing asks for boot-complete.target"):
            container.run("systemctl", "disable", "jetcuda-check-gate")
            self.assertEqual(container.run("find", "/etc/systemd/system", "-name", "jetcuda-check-gate*"), "")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--build", required=True, type=Path)
    arguments, rest = parser.parse_known_args()
    if os.geteuid() != 0:
        print("SKIPPED LOUDLY: booting a container needs root (run the tests with sudo)")
        sys.exit(77)
    for program in ("mmdebstrap", "systemd-nspawn", "nsenter", "cmake"):
        if not shutil.which(program):
            sys.exit(f"{program} is missing; install what packaging/dependencies.sh names")
    BootTest.build = arguments.build.resolve()
    BootTest.tree = Tree([BootTest.build / "bin" / name for name in ("jetcuda-checkd", "jetcuda-check", "jetcuda-probe")])
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
