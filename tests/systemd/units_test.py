#!/usr/bin/env python3
"""The units as code: systemd finds nothing to complain about, the daemon is fenced in, and the runner is not fenced in by
what would make a healthy board look sick.

    units_test.py --units build/X/systemd [unittest's arguments]
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
UNITS = ("jetcuda-check.service", "jetcuda-check-run.socket", "jetcuda-check-run@.service", "jetcuda-check-gate.service")


def directives(unit):
    """(name, value) of every line of a unit."""
    lines = (arguments.units / unit).read_text().splitlines()
    return [tuple(line.split("=", 1)) for line in lines if "=" in line and not line.startswith("#")]


def values(unit, name):
    return [value for key, value in directives(unit) if key == name]


class Units(unittest.TestCase):
    def test_systemd_understands_every_line(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            units = root / "usr" / "lib" / "systemd" / "system"
            shutil.copytree("/usr/lib/systemd/system", units, symlinks=True)
            for unit in UNITS:
                shutil.copy(arguments.units / unit, units / unit)
                for line in (value for key, value in directives(unit) if key.startswith("Exec")):
                    program = root / line.lstrip("-+!@").split()[0].lstrip("/")
                    program.parent.mkdir(parents=True, exist_ok=True)
                    program.write_text("#!/bin/sh\n")
                    program.chmod(0o755)
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", f"--root={root}", *UNITS],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.assertEqual((done.stdout, done.returncode), ("", 0))

    def test_exposure(self):
        # In tenths; scores differ a little between versions of systemd, so there is room.
        for unit, threshold in (("jetcuda-check.service", 20), ("jetcuda-check-gate.service", 25)):
            with self.subTest(unit):
                done = subprocess.run(["systemd-analyze", "security", "--offline=true", f"--threshold={threshold}",
                                       "--no-pager", str(arguments.units / unit)], stdout=subprocess.PIPE, text=True)
                print(done.stdout.strip().splitlines()[-1])
                self.assertEqual(done.returncode, 0, done.stdout)

    def test_the_runner_sees_the_machine_as_it_is(self):
        names = {key for key, _ in directives("jetcuda-check-run@.service")}
        forbidden = {"PrivateDevices", "DevicePolicy", "DeviceAllow", "ProtectKernelModules", "ProcSubset", "ProtectProc",
                     "PrivateUsers", "MemoryDenyWriteExecute", "MemoryMax", "MemoryHigh", "TasksMax", "SystemCallFilter",
                     "RootDirectory", "InaccessiblePaths", "TemporaryFileSystem", "DynamicUser"}
        self.assertEqual(names & forbidden, set())
        self.assertEqual(values("jetcuda-check-run@.service", "CapabilityBoundingSet"), [""])
        self.assertEqual(values("jetcuda-check-run@.service", "NoNewPrivileges"), ["yes"])

    def test_the_runner_comes_after_what_sets_the_gpu_up(self):
        after = " ".join(values("jetcuda-check-run@.service", "After")).split()
        self.assertEqual(set(after), {"nvpmodel.service", "nv.service", "nv-load-display-modules.service",
                                      "nv-load-gpu-libs.service", "systemd-modules-load.service"})
        # Wants= or Requires= would start on a board what its owner switched off.
        self.assertEqual([key for key, _ in directives("jetcuda-check-run@.service") if key in ("Wants", "Requires")], [])

    def test_no_condition_keeps_callers_waiting(self):
        for unit in UNITS:
            self.assertEqual([key for key, _ in directives(unit) if key.startswith(("Condition", "Assert"))], [], unit)

    def test_a_stop_does_not_delete_the_report(self):
        self.assertEqual(values("jetcuda-check.service", "RuntimeDirectory"), [])

    def test_bus_and_units_name_each_other(self):
        activation = (SOURCE / "systemd" / "io.jetcuda.Check1.service").read_text()
        self.assertIn("SystemdService=jetcuda-check.service\n", activation)
        name = re.search(r"^Name=(.*)$", activation, re.M)[1]
        self.assertEqual(values("jetcuda-check.service", "BusName"), [name])
        user, = values("jetcuda-check.service", "User")
        self.assertIn(f'<policy user="{user}">', (SOURCE / "systemd" / "io.jetcuda.Check1.conf").read_text())
        self.assertEqual(values("jetcuda-check-run.socket", "SocketUser"), [user])
        self.assertEqual(values("jetcuda-check-run.socket", "SocketMode"), ["0600"])
        self.assertEqual(values("jetcuda-check-run.socket", "MaxConnections"), ["1"])
        path, = values("jetcuda-check-run.socket", "ListenStream")
        self.assertIn(f"--runner-socket={path}", values("jetcuda-check.service", "ExecStart")[0])

    def test_users_are_made_where_they_are_named(self):
        made = (SOURCE / "systemd" / "sysusers.conf").read_text()
        for unit in ("jetcuda-check.service", "jetcuda-check-run@.service"):
            self.assertRegex(made, rf"(?m)^u {values(unit, 'User')[0]} ")
        self.assertNotRegex(made, r"(?m)^m jetcuda-check ")

    def test_the_gate_is_built_so_that_our_own_crash_passes(self):
        decide, test = values("jetcuda-check-gate.service", "ExecStart")
        self.assertTrue(decide.startswith("-"))
        self.assertTrue(test.startswith("+/bin/sh "), "nothing of ours, and no sandbox, may stand before the test")
        deny = re.search(r"--deny-file=(\S+)", decide)[1]
        self.assertIn(f"test -e {deny};", test)
        self.assertEqual(values("jetcuda-check-gate.service", "User"), [])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--units", required=True, type=Path)
    arguments, rest = parser.parse_known_args()
    if not shutil.which("systemd-analyze"):
        sys.exit("systemd-analyze is missing; install the package systemd")
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
