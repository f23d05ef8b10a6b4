#!/usr/bin/env python3
"""`status` and `gate` with a daemon on a bus: they tell what it tells, as anyone, and wait for its first report."""

import json
import subprocess
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "bus"))
from bus_case import BusTest, check_of, main
from private_bus import PATIENCE, as_user, someone


class StatusTest(BusTest):
    def command(self, *arguments, user=None, **environment):
        return subprocess.run([self.programs.folder / "jetcuda-check", *arguments], capture_output=True, text=True,
                              timeout=PATIENCE, cwd="/", **as_user(user or someone()),
                              env={"PATH": "/usr/bin:/bin", "DBUS_SYSTEM_BUS_ADDRESS": self.bus.address, **environment})

    def sick_report(self):
        report = self.programs.report(simulated=False, verdict="unhealthy", reason="driver-initializes")
        report = json.loads(json.dumps(report))
        check_of(report, "driver-initializes").update(status="fail", code="init-failed", summary="cuInit fails",
                                                      remedy="Look: dmesg")
        return report

    def test_the_daemons_report_is_told_in_words_and_as_it_is(self):
        daemon = self.judged_daemon()
        told = self.command("--json")
        described = json.loads(daemon.call("Describe"))
        self.assertEqual(told.stderr, "")
        self.assertEqual(json.loads(told.stdout), described)
        self.assertEqual(told.returncode, 0)
        words = self.command()
        self.assertTrue(words.stdout.startswith("healthy: JetPack 6.2.2 (L4T 36.5.0)"), words.stdout)
        self.assertEqual((words.stderr, words.returncode), ("", 0))
        self.assertEqual(words.stdout, self.command("status").stdout)

    def test_a_sick_board_has_its_exit_status(self):
        self.programs.play(["report", self.sick_report()])
        daemon = self.daemon()
        daemon.wait_for_report()
        told = self.command()
        self.assertEqual(told.returncode, 2, told.stderr)
        self.assertTrue(told.stdout.startswith("unhealthy: "), told.stdout)

    def test_the_first_report_is_waited_for(self):
        go_on = self.scratch("go-on")
        self.programs.play(["progress", "libcuda"], ["wait", str(go_on)], ["report", self.programs.report()])
        daemon = self.daemon()
        self.assertEqual(json.loads(daemon.call("Describe"))["sequence"], 0)
        threading.Timer(0.5, go_on.touch).start()
        told = self.command()
        self.assertEqual((told.returncode, told.stderr), (0, ""))
        self.assertTrue(told.stdout.startswith("healthy: "), told.stdout)

    def test_the_gate_decides_by_the_daemons_report(self):
        """And by nothing else: there is no stored report here."""
        self.programs.play(["report", self.sick_report()])
        daemon = self.daemon()
        daemon.wait_for_report()
        gate = ["gate", f"--config={self.programs.folder}/config", "--state-dir=/nonexistent"]
        withheld = self.command(*gate)
        self.assertEqual(withheld.returncode, 1, withheld.stderr)
        self.assertIn("driver-initializes", withheld.stdout)
        daemon.end()
        passed = self.command(*gate)
        self.assertEqual(passed.returncode, 0, passed.stdout)

    def test_a_simulated_failure_withholds_no_boot(self):
        report = {**self.sick_report(), "simulated": True}
        self.programs.play(["report", report])
        daemon = self.daemon()
        daemon.wait_for_report()
        self.assertEqual(self.command("gate", f"--config={self.programs.folder}/config").returncode, 0)

    def test_a_daemon_that_is_gone_is_told_in_one_line(self):
        told = self.command("status")
        self.assertIn("The daemon gave no report", told.stderr.splitlines()[0])
        self.assertIn("judging here and now", told.stderr.splitlines()[0])


main()
