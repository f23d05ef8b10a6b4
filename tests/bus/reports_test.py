#!/usr/bin/env python3
"""Reports on the bus: what is answered before the first one, what every reader is told after it, and the whole
pipeline from a board in a folder to the status line.
"""

import json
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import dbus
from bus_case import ERROR, HEALTHY, BusTest, check_of, main, needs_root
from private_bus import CHECK, IS_ROOT, MANAGER, PATH, RUN, SOURCE, until


class BeforeTheFirstReport(BusTest):
    def test_the_name_is_claimed_and_calls_are_answered_while_the_runner_works(self):
        self.programs.play(["progress", "libcuda"], ["wait", str(self.scratch("go"))], ["report", self.programs.report()])
        daemon = self.daemon()
        report = daemon.describe()
        self.assertEqual((report["verdict"], report["reason"], report["sequence"]), ("unknown", "not-judged-yet", 0))
        self.assertEqual(daemon.get("Verdict"), "unknown")
        self.assertEqual(daemon.get("ReportSequence"), 0)
        self.assertEqual(daemon.get("Status", path=PATH + "/check/driver_initializes", interface=CHECK), "unknown")
        self.assertEqual(daemon.call("ListReports", dbus.UInt32(10)), [])
        daemon.until_status("^judging the board: libcuda$")
        run = daemon.get("CurrentRun")
        until(lambda: daemon.get("CurrentCheck", path=run, interface=RUN) == "libcuda", "the current check")
        self.assertEqual(daemon.get("State", path=run, interface=RUN), "running")
        self.scratch("go").touch()
        self.assertEqual(daemon.wait_for_report()["verdict"], "healthy")

    def test_the_boot_run_asks_for_everything_and_settles(self):
        self.programs.play(["request", str(self.scratch("request"))], ["report", self.programs.report()])
        daemon = self.daemon(options=["--settle-ms=10,20"])
        daemon.wait_for_report()
        self.assertEqual(json.loads(self.scratch("request").read_text()),
                         {"checks": [], "probe": True, "settle_ms": [10, 20]})

    def test_without_the_gpu_where_the_settings_say_so(self):
        (self.programs.folder / "config" / "config.json").write_text('{"probe": {"enabled": false}}')
        self.addCleanup((self.programs.folder / "config" / "config.json").unlink)
        self.programs.play(["request", str(self.scratch("request"))], ["leave", 0])
        daemon = self.daemon()
        daemon.wait_for_report()
        self.assertIs(json.loads(self.scratch("request").read_text())["probe"], False)


class Reports(BusTest):
    def test_bus_file_and_signals_tell_the_same(self):
        self.programs.play(["wait", str(self.scratch("go"))], ["report", self.programs.report()])
        daemon = self.daemon()
        run = until(lambda: daemon.get("CurrentRun") != "/" and daemon.get("CurrentRun"), "a run")
        self.scratch("go").touch()
        daemon.wait_for_report()
        daemon.wait_until_idle()
        text = str(daemon.call("Describe"))
        self.assertEqual((daemon.state / "report.json").read_text(), text)
        self.assertEqual((daemon.state / "report.json").stat().st_mode & 0o777, 0o644)
        self.assertEqual([file.name for file in daemon.state.iterdir()], ["report.json"])
        self.assertEqual(daemon.call("GetReport", dbus.UInt64(0)), text)
        self.assertEqual(daemon.call("GetReport", dbus.UInt64(1)), text)
        report = json.loads(text)
        self.assertEqual(report["sequence"], 1)
        self.assertEqual(report["boot_id"], Path("/proc/sys/kernel/random/boot_id").read_text().strip())
        until(lambda: daemon.members("RunFinished"), "RunFinished")
        self.assertEqual(daemon.members("RunFinished"), [(run, "healthy", 1)])
        self.assertEqual(daemon.members("CheckTransitioned"), [])
        (sequence, usec, boot_id, verdict, digest), = daemon.call("ListReports", dbus.UInt32(10))
        self.assertEqual((sequence, boot_id, verdict, digest), (1, report["boot_id"], "healthy", report["digest"]))
        self.assertEqual(daemon.get("LastRunUSec"), usec)
        self.assertLess(abs(usec / 1e6 - time.time()), 3600)
        daemon.until_status(HEALTHY)

    def test_properties_and_what_changed(self):
        daemon = self.judged_daemon()
        expected = {"Verdict": "healthy", "Reason": "", "Probed": True, "ReportSequence": 1, "L4TRelease": "36.5.0",
                    "JetPack": "6.2.2", "SoC": "T234", "GPUArch": "sm_87", "GPUModule": "nvgpu", "DriverCUDA": "12.6",
                    "NativeCUDA": "12.6", "CurrentRun": "/"}
        got = daemon.get_all()
        self.assertEqual({name: got[name] for name in expected}, expected)
        self.assertEqual(sorted(set(got) - set(expected)), ["BootID", "LastRunUSec", "ToolkitCUDA", "Version"])

        report = self.programs.report(verdict="unhealthy", reason="driver-initializes")
        check_of(report, "driver-initializes").update(status="fail", code="init-failed", summary="It failed.",
                                                      remedy="Mend it.")
        self.programs.play(["report", report])
        del daemon.signals[:]
        run = daemon.start_run(probe=IS_ROOT)
        if not IS_ROOT:
            return
        daemon.wait_for_end(run)
        until(lambda: daemon.members("RunFinished"), "RunFinished")
        manager = {}
        for change in daemon.changes_of(PATH, MANAGER):
            self.assertTrue(change)
            manager.update(change)
        self.assertLessEqual(set(manager), {"Verdict", "Reason", "ReportSequence", "LastRunUSec", "CurrentRun"})
        self.assertEqual((manager["Verdict"], manager["Reason"], manager["ReportSequence"], manager["CurrentRun"]),
                         ("unhealthy", "driver-initializes", 2, "/"))
        touched = {path for path, _, member, content in daemon.signals
                   if member == "PropertiesChanged" and content[0] == CHECK}
        self.assertEqual(touched, {PATH + "/check/driver_initializes"})
        changed = daemon.changes_of(PATH + "/check/driver_initializes", CHECK)[0]
        self.assertEqual(changed["Status"], "fail")
        self.assertNotIn("Id", changed)
        transition, = daemon.members("CheckTransitioned")
        self.assertEqual(transition[:3], ("driver-initializes", "pass", "fail"))
        self.assertEqual(transition[3], daemon.get("LastChangedUSec", path=PATH + "/check/driver_initializes",
                                                   interface=CHECK))

    def test_objects_are_managed(self):
        daemon = self.judged_daemon()
        managed = daemon.object().GetManagedObjects(dbus_interface="org.freedesktop.DBus.ObjectManager")
        report = daemon.describe()
        for check in report["checks"]:
            shown = managed[PATH + "/check/" + check["id"].replace("-", "_")][CHECK]
            self.assertEqual((shown["Id"], shown["Status"], shown["Code"], shown["Summary"], shown["Severity"]),
                             (check["id"], check["status"], check["code"], check["summary"], check["severity"]))
            self.assertEqual([list(row) for row in shown["Evidence"]],
                             [[e["what"], e["value"], e["source"], e["volatile"]] for e in check["evidence"]])
        runs = [path for path in managed if RUN in managed[path]]
        self.assertEqual(runs, [PATH + "/run/1"])

    def test_only_the_last_few_are_kept(self):
        daemon = self.judged_daemon()
        for id in [check["id"] for check in self.programs.report()["checks"]][:10]:
            part = self.programs.report(probe=False)
            part["checks"] = [check_of(part, id)]
            self.programs.play(["report", {**part, **self.verdict_of(part)}])
            daemon.wait_for_end(daemon.start_run([id]))
        listed = daemon.call("ListReports", dbus.UInt32(100))
        sequences = [int(line[0]) for line in listed]
        self.assertEqual(sequences, sorted(sequences, reverse=True))
        self.assertLessEqual(len(sequences), 8)
        for sequence in sequences:
            self.assertEqual(json.loads(daemon.call("GetReport", dbus.UInt64(sequence)))["sequence"], sequence)
        for sequence in (1, 10_000, 2**64 - 1):
            self.assertEqual(daemon.error_of(lambda: daemon.call("GetReport", dbus.UInt64(sequence))),
                             ERROR + "NoSuchReport")
        self.assertEqual(len(daemon.call("ListReports", dbus.UInt32(3))), 3)
        self.assertEqual(len(daemon.describe()["checks"]), len(self.programs.report()["checks"]))
        self.assertEqual(daemon.get("Verdict"), "healthy")

    @staticmethod
    def verdict_of(report):
        """The verdict of a report of one check that passes or does not apply."""
        status = report["checks"][0]["status"]
        return {"verdict": "healthy", "reason": None} if status == "pass" else {
            "verdict": "unknown", "reason": "nothing-judged"}

    def test_introspection_is_the_installed_contract(self):
        daemon = self.judged_daemon()
        written = ElementTree.parse(SOURCE / "systemd" / "io.jetcuda.Check1.xml").getroot()
        for path, interface in ((PATH, MANAGER), (PATH + "/check/libcuda_is_found", CHECK), (PATH + "/run/1", RUN)):
            live = ElementTree.fromstring(
                daemon.object(path).Introspect(dbus_interface="org.freedesktop.DBus.Introspectable"))
            self.assertEqual(form_of(live, interface), form_of(written, interface))
        ours = {element.get("name") for element in written}
        self.assertEqual(ours, {MANAGER, CHECK, RUN})


def form_of(document, interface):
    """An interface's members with all their arguments and annotations."""
    element = next(child for child in document.findall("interface") if child.get("name") == interface)

    def parts(member):
        return (member.tag, member.get("name"), member.get("type"), member.get("access"),
                tuple((arg.get("name"), arg.get("type"), arg.get("direction") or "out") for arg in member.findall("arg")),
                tuple((a.get("name"), a.get("value")) for a in member.findall("annotation")))

    return sorted(parts(member) for member in element)


class CustomChecks(BusTest):
    """The administrator's own checks, which the daemon knows from reports alone."""

    OWN = {"id": "custom/our-disk", "group": "custom", "status": "pass", "severity": "wanted", "code": "ok",
           "summary": "The disk is ours", "remedy": None, "waived": False, "blocked_by": None,
           "measured_at": "2026-01-01T00:00:00Z", "evidence": [], "duration_ms": 3}
    OBJECT = PATH + "/check/custom_2four_disk"

    def report_with(self, **changes):
        report = self.programs.report()
        return {**report, "checks": [*report["checks"], {**self.OWN, **changes}]}

    def managed(self, daemon):
        return daemon.object().GetManagedObjects(dbus_interface="org.freedesktop.DBus.ObjectManager")

    @needs_root
    def test_their_objects_come_change_and_go(self):
        daemon = self.judged_daemon()
        self.assertEqual(daemon.error_of(lambda: daemon.start_run(["custom/our-disk"])), ERROR + "NoSuchCheck")
        self.assertNotIn(self.OBJECT, self.managed(daemon))

        self.programs.play(["report", self.report_with()])
        daemon.wait_for_end(daemon.start_run(probe=True))
        shown = self.managed(daemon)[self.OBJECT][CHECK]
        self.assertEqual((shown["Id"], shown["Group"], shown["Severity"], shown["Status"], shown["Summary"]),
                         ("custom/our-disk", "custom", "wanted", "pass", "The disk is ours"))
        until(lambda: self.OBJECT in [content[0] for content in daemon.members("InterfacesAdded")], "InterfacesAdded")

        self.programs.play(["request", str(self.scratch("request"))],
                           ["report", {**self.report_with(status="fail", code="failed"), "verdict": "degraded",
                                       "reason": "custom/our-disk"}])
        daemon.wait_for_end(daemon.start_run(["custom/our-disk"], probe=True))
        self.assertEqual(json.loads(self.scratch("request").read_text())["checks"], ["custom/our-disk"])
        self.assertEqual(daemon.get("Status", path=self.OBJECT, interface=CHECK), "fail")
        self.assertEqual((daemon.get("Verdict"), daemon.get("Reason")), ("degraded", "custom/our-disk"))
        until(lambda: ("custom/our-disk", "pass", "fail") in [t[:3] for t in daemon.members("CheckTransitioned")],
              "the transition")

        # Its severity is a setting, and a constant of the object: another severity is another object.
        self.programs.play(["report", {**self.report_with(status="fail", code="failed", severity="required"),
                                       "verdict": "unhealthy", "reason": "custom/our-disk"}])
        daemon.wait_for_end(daemon.start_run(probe=True))
        self.assertEqual(daemon.get("Severity", path=self.OBJECT, interface=CHECK), "required")
        until(lambda: self.OBJECT in [content[0] for content in daemon.members("InterfacesRemoved")], "InterfacesRemoved")

        self.programs.play(["report", self.programs.report()])
        daemon.wait_for_end(daemon.start_run(probe=True))
        self.assertNotIn(self.OBJECT, self.managed(daemon))
        self.assertEqual(daemon.get("Verdict"), "healthy")

    def test_they_survive_a_restart_of_the_daemon(self):
        self.programs.play(["report", self.report_with()])
        first = self.daemon()
        first.wait_for_report()
        first.wait_until_idle()
        first.end()
        second = self.daemon(state=first.state)
        self.assertEqual(second.get("Status", path=self.OBJECT, interface=CHECK), "pass")


class WholePipeline(BusTest):
    """The real runner and the real probe, on a board in a folder with the simulated driver."""

    def test_a_healthy_board(self):
        daemon = self.daemon(runner=self.programs.runner)
        report = daemon.wait_for_report()
        self.assertEqual((report["verdict"], report["probed"], report["simulated"]), ("healthy", True, True))
        daemon.until_status(HEALTHY + r".*checks pass \(simulated driver\)$")

    def test_a_passive_run_keeps_what_was_measured(self):
        daemon = self.daemon(runner=self.programs.runner)
        first = daemon.wait_for_report()
        self.programs.simulate([{"step": "init", "do": "return", "result": 100}])  # nobody asks, so it does not matter
        daemon.wait_for_end(daemon.start_run())
        second = daemon.describe()
        self.assertEqual((second["sequence"], second["verdict"], second["probed"]), (2, "healthy", True))
        self.assertEqual(check_of(second, "driver-initializes"), check_of(first, "driver-initializes"))
        self.assertEqual(second["digest"], first["digest"])
        daemon.wait_for_end(daemon.start_run(["libcuda-is-found"]))
        third = daemon.describe()
        self.assertEqual((third["sequence"], third["verdict"], third["digest"]), (3, "healthy", first["digest"]))

    @needs_root
    def test_a_driver_that_stops_working(self):
        daemon = self.daemon(runner=self.programs.runner)
        daemon.wait_for_report()
        self.programs.simulate([{"step": "init", "do": "return", "result": 100}])
        daemon.wait_for_end(daemon.start_run(probe=True))
        report = daemon.describe()
        self.assertEqual((report["verdict"], report["reason"]), ("unhealthy", "driver-initializes"))
        self.assertEqual(daemon.get("Verdict"), "unhealthy")
        daemon.until_status("^unhealthy: ")
        until(lambda: daemon.members("RunFinished"), "RunFinished")
        self.assertIn(("driver-initializes", "pass", "fail"), [t[:3] for t in daemon.members("CheckTransitioned")])

    def test_a_driver_that_hangs_does_not_keep_callers_waiting(self):
        self.programs.simulate([{"step": "init", "do": "hang"}])
        daemon = self.daemon(runner=self.programs.runner)
        until(lambda: daemon.get("CurrentRun") != "/", "a run")
        for _ in range(20):
            self.assertEqual(daemon.get("Verdict"), "unknown")
        self.assertEqual(daemon.end(), 0)


if __name__ == "__main__":
    main()
