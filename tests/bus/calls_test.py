#!/usr/bin/env python3
"""StartRun, Wait and Cancel: what is refused and to whom, which runs are one, and how each call is answered."""

import json
import time

import dbus
from bus_case import DENIED, ERROR, INVALID, BusTest, main, needs_root
from private_bus import MANAGER, PATH, PROPERTIES, RUN, service_user, someone, until


class Arguments(BusTest):
    def test_what_is_no_request_is_refused(self):
        daemon = self.judged_daemon()
        for checks, options, error in (
            (["no-such-check"], {}, ERROR + "NoSuchCheck"),
            (["libcuda-is-found", ""], {}, ERROR + "NoSuchCheck"),
            (["/etc/passwd"], {}, ERROR + "NoSuchCheck"),
            (["x" * 100_000], {}, ERROR + "NoSuchCheck"),
            ([], {"driver": "/tmp/libcuda.so"}, INVALID),
            ([], {"root": "/tmp"}, INVALID),
            ([], {"probe": "yes"}, INVALID),
            ([], {"probe": dbus.UInt32(1)}, INVALID),
            ([], {"probe": False, "Probe": True}, INVALID),
        ):
            with self.subTest(checks=checks[:1], options=options):
                self.assertEqual(daemon.error_of(lambda: daemon.start_run(checks, **options)), error)
        self.assertEqual(daemon.get("CurrentRun"), "/")
        self.assertEqual(daemon.get("ReportSequence"), 1)

    def test_wrong_types_and_names_are_refused_and_nothing_ends(self):
        daemon = self.judged_daemon()
        for method, signature, arguments in (("GetReport", "s", ["1"]), ("StartRun", "s", ["all"]), ("Describe", "s", [""]),
                                             ("NoSuchMethod", "", [])):
            with self.subTest(method=method):
                daemon.error_of(lambda: daemon.call(method, *arguments, signature=signature))
        daemon.error_of(lambda: daemon.object().Set(MANAGER, "Verdict", "healthy", dbus_interface=PROPERTIES))
        self.assertEqual(daemon.describe()["sequence"], 1)

    def test_repeated_and_reordered_ids_are_one_request(self):
        self.programs.play(["request", str(self.scratch("request"))], ["wait", str(self.scratch("go"))], ["leave", 0])
        daemon = self.daemon()
        run = daemon.start_run(["libcuda-is-found", "driver-initializes", "libcuda-is-found"])
        self.assertEqual(daemon.start_run(["driver-initializes", "libcuda-is-found"]), run)
        self.assertNotEqual(daemon.start_run(["driver-initializes"]), run)
        self.scratch("go").touch()
        daemon.wait_for_end(run)
        self.assertEqual(json.loads(self.scratch("request").read_text())["settle_ms"], [])


class Permission(BusTest):
    @needs_root
    def test_only_root_has_the_gpu_probed(self):
        daemon = self.judged_daemon()
        answer = daemon.call_as(someone(), "StartRun", [], {"probe": True}, signature="asa{sv}")
        self.assertEqual(answer.get("error"), DENIED)
        self.assertIn("sudo", answer["text"])
        self.assertEqual(daemon.get("CurrentRun"), "/")
        self.assertIn("answer", daemon.call_as("root", "StartRun", [], {"probe": True}, signature="asa{sv}"))

    def test_everyone_reads_and_starts_passive_runs(self):
        daemon = self.judged_daemon()
        self.programs.play(["request", str(self.scratch("request"))],
                           ["report", self.programs.report(probe=False)])
        self.assertEqual(json.loads(daemon.call_as(someone(), "Describe")["answer"])["verdict"], "healthy")
        run = daemon.call_as(someone(), "StartRun", [], {"probe": False}, signature="asa{sv}")["answer"]
        daemon.wait_for_end(run)
        self.assertIs(json.loads(self.scratch("request").read_text())["probe"], False)

    @needs_root
    def test_a_user_cannot_keep_the_runner_busy(self):
        daemon = self.judged_daemon()
        self.programs.play(["leave", 0])
        answers = []
        for _ in range(12):
            answers.append(daemon.call_as(someone(), "StartRun", [], {}, signature="asa{sv}"))
            daemon.wait_until_idle()
        self.assertIn("answer", answers[0])
        self.assertIn(ERROR + "LimitReached", [answer.get("error") for answer in answers])
        self.assertTrue(daemon.start_run())  # root is not counted

    @needs_root
    def test_only_the_daemons_user_may_be_the_daemon(self):
        # A taken name is no refusal: the policy has to answer, so nobody owns it here.
        daemon = self.judged_daemon()
        daemon.end()
        self.assertEqual(daemon.call_as(someone(), "RequestName").get("error"), DENIED)
        self.assertEqual(daemon.call_as(service_user(), "RequestName"), {"answer": 1})

    @needs_root
    def test_a_run_is_cancelled_by_root_or_its_starter(self):
        daemon = self.judged_daemon()
        self.programs.play(["progress", "x"], ["wait", str(self.scratch("go"))])
        run = daemon.start_run()
        until(lambda: daemon.get("State", path=run, interface=RUN) == "running", "the run")
        self.assertEqual(daemon.call_as(someone(), "Cancel", path=run, interface=RUN).get("error"), DENIED)
        self.assertEqual(daemon.get("State", path=run, interface=RUN), "running")
        daemon.call("Cancel", path=run, interface=RUN)
        daemon.wait_for_end(run)
        own = daemon.call_as(someone(), "StartRun", [], {}, signature="asa{sv}")["answer"]
        self.assertEqual(daemon.call_as(someone(), "Cancel", path=own, interface=RUN), {"answer": None})
        daemon.wait_for_end(own)
        self.assertEqual(daemon.get("State", path=own, interface=RUN), "cancelled")


class Runs(BusTest):
    def test_equal_runs_are_one_and_others_wait_in_line(self):
        daemon = self.judged_daemon()
        self.programs.play(["wait", str(self.scratch("go"))], ["report", self.programs.report(probe=False)])
        first = daemon.start_run()
        until(lambda: daemon.get("CurrentRun") == first, "the first run")
        self.assertEqual(daemon.start_run(), first)
        ids = [check["id"] for check in self.programs.report()["checks"]]
        waiting = [daemon.start_run([id]) for id in ids[:8]]
        self.assertEqual(len({first, *waiting}), 9)
        self.assertEqual(daemon.start_run([ids[0]]), waiting[0])
        self.assertEqual(daemon.error_of(lambda: daemon.start_run([ids[8]])), ERROR + "LimitReached")
        self.assertEqual(daemon.get("State", path=waiting[0], interface=RUN), "queued")
        daemon.call("Cancel", path=waiting[0], interface=RUN)
        self.assertEqual(daemon.get("State", path=waiting[0], interface=RUN), "cancelled")
        self.assertTrue(daemon.start_run([ids[8]]))
        self.scratch("go").touch()
        daemon.wait_for_end(waiting[-1])

    def test_wait_answers_at_the_end_and_after(self):
        daemon = self.judged_daemon()
        self.programs.play(["progress", "libcuda"], ["wait", str(self.scratch("go"))],
                           ["report", self.programs.report(probe=False)])
        run = daemon.start_run()
        answers = []
        for _ in range(5):
            daemon.object(run).Wait(dbus_interface=RUN, reply_handler=lambda *answer: answers.append(answer),
                                    error_handler=answers.append)
        until(lambda: daemon.get("CurrentCheck", path=run, interface=RUN) == "libcuda", "progress")
        self.assertEqual(answers, [])
        self.scratch("go").touch()
        until(lambda: len(answers) == 5, "five answers")
        self.assertEqual(answers, [("healthy", 2)] * 5)
        self.assertEqual(tuple(daemon.call("Wait", path=run, interface=RUN)), ("healthy", 2))
        self.assertEqual(daemon.get_all(path=run, interface=RUN),
                         {"State": "finished", "Progress": 100, "CurrentCheck": ""})

    def test_waiting_has_a_limit_and_vanished_waiters_do_no_harm(self):
        daemon = self.judged_daemon()
        self.programs.play(["progress", "libcuda"], ["wait", str(self.scratch("go"))],
                           ["report", self.programs.report(probe=False)])
        run = daemon.start_run()
        answers = []
        for _ in range(3):
            gone = self.bus.connect()
            gone.call_async("io.jetcuda.Check1", run, RUN, "Wait", "", (), None, None)
            gone.flush()
            gone.close()
        for _ in range(10):
            daemon.object(run).Wait(dbus_interface=RUN, reply_handler=lambda *answer: answers.append(answer),
                                    error_handler=lambda error: answers.append(error.get_dbus_name()))
        until(lambda: len(answers) == 2, "two refusals")
        self.assertEqual(answers, [ERROR + "LimitReached"] * 2)
        self.scratch("go").touch()
        until(lambda: len(answers) == 10, "all answers")
        self.assertEqual(answers[2:], [("healthy", 2)] * 8)

    def test_cancelled(self):
        daemon = self.judged_daemon()
        self.programs.play(["progress", "libcuda"], ["wait", str(self.scratch("go"))])
        run = daemon.start_run()
        answers = []
        daemon.object(run).Wait(dbus_interface=RUN, reply_handler=lambda *answer: answers.append(answer),
                                error_handler=lambda error: answers.append(error.get_dbus_name()))
        until(lambda: daemon.get("State", path=run, interface=RUN) == "running", "the run")
        daemon.call("Cancel", path=run, interface=RUN)
        until(lambda: answers, "an answer")
        self.assertEqual(answers, [ERROR + "Cancelled"])
        until(lambda: (run, "unknown", 0) in daemon.members("RunFinished"), "RunFinished")
        self.assertEqual(daemon.get("State", path=run, interface=RUN), "cancelled")
        self.assertEqual(daemon.get("ReportSequence"), 1)
        daemon.call("Cancel", path=run, interface=RUN)  # again: no harm

    def test_old_runs_are_forgotten(self):
        daemon = self.judged_daemon()
        self.programs.play(["leave", 0])
        for _ in range(20):
            daemon.wait_for_end(daemon.start_run())
        managed = daemon.object().GetManagedObjects(dbus_interface="org.freedesktop.DBus.ObjectManager")
        runs = [path for path in managed if RUN in managed[path]]
        self.assertLessEqual(len(runs), 17)
        self.assertNotIn(PATH + "/run/1", runs)
        self.assertIn(PATH + "/run/21", runs)
        removed = [arguments[0] for arguments in daemon.members("InterfacesRemoved")]
        self.assertIn(PATH + "/run/1", removed)

    def test_progress_is_not_told_more_often_than_anyone_reads(self):
        daemon = self.judged_daemon()
        lines = [["progress", f"step {i}"] for i in range(500)]
        self.programs.play(*lines, ["sleep", 0.5], ["report", self.programs.report(probe=False)])
        del daemon.signals[:]
        begin = time.monotonic()
        run = daemon.start_run()
        daemon.wait_for_end(run)
        elapsed = time.monotonic() - begin
        until(lambda: daemon.members("RunFinished"), "RunFinished")
        told = daemon.changes_of(run, RUN)
        self.assertLessEqual(len(told), elapsed / 0.1 + 4)
        self.assertIn("step 499", [change.get("CurrentCheck") for change in told])


if __name__ == "__main__":
    main()
