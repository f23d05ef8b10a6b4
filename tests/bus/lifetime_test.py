#!/usr/bin/env python3
"""The daemon's beginning and end: what survives a restart, how it ends, and what it tells systemd meanwhile."""

import json
import signal
import subprocess

from bus_case import BusTest, HEALTHY, main
from private_bus import until


class Restarts(BusTest):
    def again(self, daemon, how=signal.SIGTERM):
        daemon.end(how)
        # A run would be told by the file; there must be none where a report is kept.
        self.programs.play(["touch", str(self.scratch("ran"))], ["report", self.programs.report()])
        return self.daemon(state=daemon.state)

    def test_the_report_of_this_boot_is_kept(self):
        self.ends_between_subtests = True
        for how in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(how):
                before = self.judged_daemon()
                text = before.call("Describe")
                after = self.again(before, how)
                self.assertEqual(after.call("Describe"), text)
                self.assertEqual(after.get("CurrentRun"), "/")
                self.assertFalse(self.scratch("ran").exists())
                after.until_status(HEALTHY)
                self.programs.play(["report", self.programs.report(probe=False)])
                after.wait_for_end(after.start_run())
                self.assertEqual(after.get("ReportSequence"), 2)
                self.assertTrue(after.get("Probed"))
                after.end()

    def test_another_boots_report_is_not(self):
        before = self.judged_daemon()
        report = before.describe()
        before.end()
        (before.state / "report.json").write_text(
            json.dumps({**report, "boot_id": "11111111-2222-3333-4444-555555555555", "sequence": 41}))
        after = self.again(before)
        self.assertEqual(after.wait_for_report()["sequence"], 1)
        self.assertTrue(self.scratch("ran").exists())

    def test_what_is_no_report_is_judged_anew(self):
        self.ends_between_subtests = True
        for text in ("", "{", "[]", '{"schema":"jetcuda-check.report/1"}', "\x00" * 5000, "[" * 1_000_000):
            with self.subTest(text[:40]):
                before = self.judged_daemon()
                before.end()
                (before.state / "report.json").write_text(text)
                after = self.again(before)
                self.assertEqual(after.wait_for_report()["verdict"], "healthy")
                after.end()

    def test_a_run_that_did_not_finish_is_tried_again(self):
        self.programs.play(["leave", 1])
        before = self.daemon()
        before.wait_for_report()
        after = self.again(before)
        self.assertEqual(after.wait_for_report(2)["verdict"], "healthy")

    def test_a_state_folder_that_cannot_be_written(self):
        self.programs.play(["report", self.programs.report()])
        daemon = self.daemon(options=["--state-dir=/nonexistent/folder"])
        self.assertEqual(daemon.wait_for_report()["verdict"], "healthy")
        self.assertIn("/nonexistent/folder/report.json", daemon.log())


class Ends(BusTest):
    def test_termination(self):
        daemon = self.judged_daemon()
        self.assertEqual(daemon.end(), 0)
        until(lambda: "STOPPING=1" in daemon.notifications.lines, "STOPPING=1")

    def test_a_lost_bus_ends_the_daemon(self):
        daemon = self.judged_daemon()
        self.bus.stop()
        self.assertEqual(daemon.process.wait(20), 1)
        self.assertIn("bus is lost", daemon.log())

    def test_a_taken_name(self):
        self.judged_daemon()
        second = self.daemon(wait=False)
        self.assertEqual(second.process.wait(20), 70)
        self.assertIn("io.jetcuda.Check1", second.log())
        self.assertNotIn("READY=1", second.notifications.lines)

    def test_no_bus(self):
        done = subprocess.run([self.programs.folder / "jetcuda-checkd", f"--config={self.programs.folder}/config"],
                              env={"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent"}, stderr=subprocess.PIPE,
                              text=True)
        self.assertEqual(done.returncode, 70)
        self.assertIn("DBUS_SYSTEM_BUS_ADDRESS", done.stderr)

    def test_a_broken_configuration(self):
        config = self.scratch("config")
        config.mkdir()
        self.addCleanup(lambda: (config / "config.json").unlink() or config.rmdir())
        (config / "config.json").write_text('{\n  "nonsense": 1\n}')
        daemon = self.daemon(options=[f"--config={config}"], wait=False)
        self.assertEqual(daemon.process.wait(20), 64)
        self.assertIn("nonsense", daemon.log())
        self.assertIn("config.json", daemon.log())

    def test_usage(self):
        program = self.programs.folder / "jetcuda-checkd"
        for arguments in (["--nonsense"], ["--boot-id=xyz"], ["--settle-ms=1,x"], ["word"]):
            with self.subTest(arguments):
                done = subprocess.run([program, *arguments], stderr=subprocess.PIPE, text=True)
                self.assertEqual(done.returncode, 64)
                self.assertTrue(done.stderr)
        self.assertIn("--runner-socket", subprocess.run([program, "--help"], stdout=subprocess.PIPE, text=True).stdout)


class Systemd(BusTest):
    def test_ready_comes_before_the_first_run_ends_and_status_is_never_empty(self):
        daemon = self.judged_daemon()
        lines = daemon.notifications.lines
        first_verdict = next(i for i, line in enumerate(lines) if line.startswith("STATUS=healthy"))
        self.assertLess(lines.index("READY=1"), first_verdict)
        self.assertTrue(all(daemon.notifications.statuses()))

    def test_the_watchdog_is_fed(self):
        daemon = self.judged_daemon(environment={"WATCHDOG_USEC": "400000"})
        fed = lambda: daemon.notifications.lines.count("WATCHDOG=1")
        before = fed()
        until(lambda: fed() > before + 2, "WATCHDOG=1")

    def test_the_journal_is_told_priorities(self):
        daemon = self.judged_daemon(environment={"JOURNAL_STREAM": "1:2"})
        self.assertRegex(daemon.log(), r"(?m)^<6>report 1: healthy")


if __name__ == "__main__":
    main()
