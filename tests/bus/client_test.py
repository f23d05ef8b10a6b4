#!/usr/bin/env python3
"""The command's side of the bus: what it answers with a daemon, without one, and without a bus."""

import json
import subprocess
import threading
import time

from bus_case import DENIED, ERROR, BusTest, main, needs_root
from private_bus import as_user, someone


class Client(BusTest):
    def ask(self, *words, user="root", address=None):
        done = subprocess.run([self.programs.client, *words], stdout=subprocess.PIPE, text=True, timeout=60, cwd="/",
                              env={"DBUS_SYSTEM_BUS_ADDRESS": address or self.bus.address}, **as_user(user))
        if done.returncode == 0:
            return json.loads(done.stdout)
        self.assertEqual(done.returncode, 1, done.stdout)
        return done.stdout.splitlines()

    def test_no_bus(self):
        sentence, error = self.ask("describe", address="unix:path=/nonexistent")
        self.assertIn("no system bus", sentence)
        self.assertEqual(error, "")

    def test_no_daemon(self):
        sentence, error = self.ask("describe")
        self.assertIn("systemctl start jetcuda-check", sentence)
        self.assertEqual(error, "org.freedesktop.DBus.Error.ServiceUnknown")

    def test_describe(self):
        daemon = self.judged_daemon()
        self.assertEqual(self.ask("describe", user=someone()), daemon.describe())
        self.assertEqual(self.ask("wait", "10000"), daemon.describe())

    def test_waiting_for_the_first_report(self):
        self.programs.play(["wait", str(self.scratch("go"))], ["report", self.programs.report()])
        self.daemon()
        self.assertEqual(self.ask("wait", "200")["sequence"], 0)
        threading.Timer(0.3, self.scratch("go").touch).start()
        self.assertEqual(self.ask("wait", "40000")["sequence"], 1)

    def test_a_run_and_its_report(self):
        self.judged_daemon()
        self.programs.play(["sleep", 0.2], ["report", self.programs.report(probe=False)])
        report = self.ask("run", "passive", "40000", user=someone())
        self.assertEqual((report["sequence"], report["probed"]), (2, True))

    @needs_root
    def test_what_the_daemon_refuses(self):
        self.judged_daemon()
        sentence, error = self.ask("run", "probe", "40000", user=someone())
        self.assertEqual(error, DENIED)
        self.assertIn("sudo", sentence)

    def test_what_cannot_be_run(self):
        self.judged_daemon()
        self.assertEqual(self.ask("run", "passive", "40000", "no-such-check")[1], ERROR + "NoSuchCheck")
        self.programs.play(["leave", 3])
        sentence, error = self.ask("run", "passive", "40000")
        self.assertEqual(error, ERROR + "RunDidNotFinish")
        self.assertIn("exit status 3", sentence)

    def test_a_run_over_the_callers_limit(self):
        self.judged_daemon()
        self.programs.play(["sleep", 1000])
        begin = time.monotonic()
        sentence, error = self.ask("run", "passive", "300")
        self.assertLess(time.monotonic() - begin, 30)
        self.assertIn("in time", sentence)


if __name__ == "__main__":
    main()
