#!/usr/bin/env python3
"""Runners that die, hang, babble and lie. The daemon goes on, says what happened, and keeps what was judged before."""

import os
import signal
import socket
import threading
from pathlib import Path

from bus_case import ERROR, HEALTHY, BusTest, check_of, main
from private_bus import RUN, until

IMPATIENT = ["--run-limit-ms=1500"]


def is_alive(pid):
    """Neither gone nor dead and waiting for its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class RunnerTest(BusTest):
    def faults(self):
        """Every way to go wrong: the steps, options, and a word of the sentence that tells of it."""
        report = self.programs.report()
        twice = self.programs.report()
        twice["checks"].append(twice["checks"][0])
        too_good = self.programs.report()
        check_of(too_good, "driver-initializes").update(status="fail", code="init-failed")
        unasked = self.programs.report()
        del unasked["checks"][-1]
        invented = self.programs.report()
        invented["checks"][0]["id"] = "everything-is-fine"
        milder = self.programs.report()
        check_of(milder, "driver-initializes")["severity"] = "wanted"
        return {
            "killed": ([["progress", "libcuda"], ["signal", signal.SIGKILL]], "signal 9"),
            "crashed": ([["signal", signal.SIGSEGV]], "signal 11"),
            "left": ([["leave", 7]], "exit status 7"),
            "left well": ([["leave", 0]], "without a report"),
            "told an error": ([["error", "config.json: line 3: no such key"]], "line 3"),
            "hung": ([["progress", "libcuda"], ["sleep", 1000]], "1500 ms"),
            "hung and deaf": ([["deaf"], ["progress", "libcuda"], ["sleep", 1000]], "1500 ms"),
            "hung before its first word": ([["sleep", 1000]], "1500 ms"),
            "babbled": ([["flood", 50 << 20]], "bytes"),
            "babbled lines": ([["say", "{\"progress\":\"x\"}\n" * 50_000]], "lines"),
            "garbage": ([["say", "\x00\x01 hello"]], "must not say"),
            "half a report": ([["say", '{"report":{"schema":"jetcuda-check.report/1"}}']], "missing"),
            "no object": ([["say", "[]"]], "must not say"),
            "deep": ([["say", "[" * 100_000]], "must not say"),
            "one check twice": ([["report", twice]], "second"),
            "better than its checks": ([["report", too_good]], "healthy"),
            "not everything": ([["report", unasked]], "does not judge"),
            "an invented check": ([["report", invented]], "everything-is-fine"),
            "a milder check": ([["report", milder]], "severity"),
            "another boot": ([["report", {**report, "root": "/", "boot_id": "0" * 8 + "-0000-0000-0000-" + "0" * 12}]],
                             "boot"),
        }

    def test_at_boot_the_report_says_that_nothing_was_judged(self):
        self.ends_between_subtests = True
        for name, (steps, word) in self.faults().items():
            with self.subTest(name):
                self.programs.play(*steps)
                daemon = self.daemon(options=IMPATIENT)
                report = daemon.wait_for_report()
                self.assertEqual((report["verdict"], report["reason"], report["probed"], report["checks"]),
                                 ("unknown", "run-did-not-finish", False, []))
                daemon.wait_until_idle()
                self.assertIn(word, daemon.log())
                daemon.until_status("^unknown: ")
                self.assertEqual(daemon.end(), 0)

    def test_later_the_report_before_stays(self):
        daemon = self.judged_daemon(options=IMPATIENT)
        before = daemon.describe()
        for name, (steps, word) in self.faults().items():
            with self.subTest(name):
                self.programs.play(*steps)
                del daemon.signals[:]
                run = daemon.start_run()
                daemon.wait_for_end(run)
                until(lambda: daemon.members("RunFinished"), "RunFinished")
                self.assertEqual(daemon.members("RunFinished"), [(run, "unknown", 0)])
                self.assertEqual(daemon.members("CheckTransitioned"), [])
                self.assertEqual(daemon.get("State", path=run, interface=RUN), "failed")
                error = daemon.error_of(lambda: daemon.call("Wait", path=run, interface=RUN))
                self.assertEqual(error, ERROR + ("TimedOut" if "hung" in name else "RunDidNotFinish"))
                self.assertEqual(daemon.describe(), before)
                daemon.until_status(HEALTHY + ".*did not finish")
                self.assertIn(word, daemon.log())
        self.programs.play(["report", self.programs.report(probe=False)])
        daemon.wait_for_end(daemon.start_run())
        daemon.until_status(HEALTHY + r".*checks pass \(simulated driver\)$")
        self.assertEqual(daemon.get("ReportSequence"), 2)

    def test_a_measurement_that_nobody_asked_for_is_refused(self):
        daemon = self.judged_daemon()
        self.programs.play(["report", self.programs.report()])
        run = daemon.start_run(probe=False)
        daemon.wait_for_end(run)
        self.assertEqual(daemon.get("State", path=run, interface=RUN), "failed")

    def test_nothing_is_left_of_a_hung_runner(self):
        self.programs.play(["deaf"], ["orphan", str(self.scratch("orphan"))], ["progress", "libcuda"], ["sleep", 1000])
        daemon = self.daemon(options=IMPATIENT)
        daemon.wait_for_report()
        daemon.wait_until_idle()
        orphan = int(self.scratch("orphan").read_text())
        self.assertFalse(is_alive(orphan))
        children = Path(f"/proc/{daemon.process.pid}/task/{daemon.process.pid}/children").read_text()
        self.assertEqual(children, "")

    def test_nothing_is_left_of_a_killed_runner(self):
        self.programs.play(["orphan", str(self.scratch("orphan"))], ["signal", signal.SIGKILL])
        daemon = self.daemon()
        daemon.wait_for_report()
        daemon.wait_until_idle()
        until(lambda: not is_alive(int(self.scratch("orphan").read_text())), "the end of the orphan")

    def test_a_runner_ends_with_its_daemon(self):
        self.programs.play(["orphan", str(self.scratch("orphan"))], ["progress", "libcuda"], ["sleep", 1000])
        daemon = self.daemon()
        until(lambda: "judging the board: libcuda" in daemon.notifications.statuses(), "a run")
        runner = int(Path(f"/proc/{daemon.process.pid}/task/{daemon.process.pid}/children").read_text().split()[0])
        self.assertEqual(daemon.end(), 0)
        until(lambda: not is_alive(runner), "the end of the runner")
        os.kill(int(self.scratch("orphan").read_text()), signal.SIGKILL)

    def test_a_program_that_is_not_there(self):
        daemon = self.daemon(runner="/nonexistent/jetcuda-check")
        self.assertEqual(daemon.wait_for_report()["reason"], "run-did-not-finish")
        self.assertIn("/nonexistent/jetcuda-check", daemon.log())


class SocketTest(BusTest):
    """The runner behind a socket, as systemd hands it out."""

    def listen(self, answer):
        path = self.scratch("runner.socket")
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(path))
        path.chmod(0o666)
        listener.listen(1)
        self.addCleanup(listener.close)

        def serve():
            for number in range(100):
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    answer(number, connection)

        threading.Thread(target=serve, daemon=True).start()
        return [f"--runner-socket={path}"]

    def run_on(self, connection):
        import subprocess
        subprocess.run([self.programs.runner, "run", "--json", "--request=-"], stdin=connection, stdout=connection,
                       check=True)

    def test_the_stream_is_the_same(self):
        daemon = self.daemon(options=self.listen(lambda number, connection: self.run_on(connection)))
        self.assertEqual(daemon.wait_for_report()["verdict"], "healthy")

    def test_a_connection_that_is_refused_at_first_is_tried_again(self):
        refused = []

        def answer(number, connection):
            if number < 2:
                refused.append(number)  # closed at once, as systemd does while the run before is still ending
            else:
                self.run_on(connection)

        daemon = self.daemon(options=self.listen(answer))
        self.assertEqual(daemon.wait_for_report()["verdict"], "healthy")
        self.assertEqual(refused, [0, 1])

    def test_one_that_always_refuses_is_given_up(self):
        daemon = self.daemon(options=[*self.listen(lambda number, connection: None), *IMPATIENT])
        self.assertEqual(daemon.wait_for_report()["reason"], "run-did-not-finish")

    def test_no_socket_there(self):
        daemon = self.daemon(options=[f"--runner-socket={self.scratch('nothing')}"])
        self.assertEqual(daemon.wait_for_report()["reason"], "run-did-not-finish")
        self.assertIn("jetcuda-check-run.socket", daemon.log())


if __name__ == "__main__":
    main()
