"""What every test of the bus starts from: a bus of its own, and the programs copied once.

    FILE_test.py --binaries build/X/bin --simulated build/X/tests/drivers/libcuda.so.1.1 \
        --client build/X/tests/bus/use-client [unittest's arguments]
"""

import argparse
import sys
import unittest

import private_bus
from private_bus import IS_ROOT, Bus, Daemon, Programs

ERROR = "io.jetcuda.Check1.Error."
DENIED = "org.freedesktop.DBus.Error.AccessDenied"
INVALID = "org.freedesktop.DBus.Error.InvalidArgs"
HEALTHY = r"^healthy: JetPack 6\.2\.2 \(L4T 36\.5\.0\), CUDA 12\.6, Orin sm_87, "  # a pattern


def needs_root(test):
    return test if IS_ROOT else unittest.skip("SKIPPED LOUDLY: this case needs root (run the tests with sudo)")(test)


def check_of(report, id):
    return next(check for check in report["checks"] if check["id"] == id)


class BusTest(unittest.TestCase):
    programs = None

    def setUp(self):
        self.daemons = []
        self.ends_between_subtests = False
        self.bus = Bus()
        self.addCleanup(self.bus.close)
        for file in self.programs.scratch.iterdir():
            file.unlink()
        self.programs.simulate()

    def daemon(self, *arguments, **keywords):
        daemon = Daemon(self.bus, self.programs, *arguments, **keywords)
        self.addCleanup(daemon.close)
        self.daemons.append(daemon)
        return daemon

    def subTest(self, *arguments, **keywords):
        """Each on a bus without a daemon, also after one that failed."""
        for daemon in self.daemons if self.ends_between_subtests else []:
            daemon.end()
        return super().subTest(*arguments, **keywords)

    def judged_daemon(self, **keywords):
        """One that has a healthy report of a fake runner."""
        self.programs.play(["report", self.programs.report()])
        daemon = self.daemon(**keywords)
        daemon.wait_for_report()
        daemon.wait_until_idle()
        return daemon

    def scratch(self, name):
        return self.programs.scratch / name


def main():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--binaries", required=True)
    parser.add_argument("--simulated", required=True)
    parser.add_argument("--client", required=True)
    arguments, rest = parser.parse_known_args()
    private_bus.fail_for_missing("dbus-daemon")
    BusTest.programs = Programs(arguments.binaries, arguments.simulated, arguments.client)
    try:
        unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
    finally:
        BusTest.programs.close()
