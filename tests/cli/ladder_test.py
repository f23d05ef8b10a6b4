#!/usr/bin/env python3
"""The ladder of a report: what the release's own driver and each cuda_compat gave, rung by rung, and which were not tried."""

import json
import sys

from command import command_from_arguments, expect, make_board, run_cases

command = command_from_arguments()
DIRECTORY = "/usr/local/cuda-12.9/compat"
COMPAT_BOARD, IDLE_BOARD = "orin-r36.5-compat", "orin-r36.5-idle-compat"


def drivers_of(board, compat=None):
    """The simulated drivers of a board; `compat`: faults of the one in cuda-12.9/compat."""
    settings = dict(make_board.load(board).driver)
    if compat is not None:
        settings["compat"] = {"12.9": {"board": "orin", "driver_version": 12090, "faults": compat}}
    return command.driver(settings, board)


def run(board, *options, compat=None):
    return command.run("run", "--root", command.board(board), "--driver", drivers_of(board, compat), *options)


def report(board, *options, compat=None):
    return json.loads(run(board, "--json", *options, compat=compat).stdout)


def rungs_of(board, *options, compat=None):
    """The driver's rung, and the entry of the only cuda_compat."""
    stack = report(board, *options, compat=compat)["stack"]
    expect(len(stack["compat"]) == 1, f"{board} has another number of cuda_compat folders: {stack['compat']}")
    return stack["driver_measured"], stack["compat"][0]


def sound_drivers_differ_in_what_they_compile():
    driver, compat = rungs_of(COMPAT_BOARD)
    above = compat["measured"]
    expect((driver["cuda"], driver["ptx"]) == ("12.6", "8.5"), f"{driver}")
    expect((above["cuda"], above["ptx"]) == ("12.9", "8.8"), f"{above}")
    for rung in (driver, above):
        expect(rung["kernels_tried"] > 10 and rung["kernels_right"] == rung["kernels_tried"], f"{rung}")
        expect(rung["error"] is None, f"{rung}")
    text = run(COMPAT_BOARD).stdout
    expect("\n  Ladder  the driver: CUDA 12.6, PTX up to 8.5, " in text, text)
    expect(f"\n          {DIRECTORY}: CUDA 12.9, PTX up to 8.8, " in text, text)


def a_refusal_stands_on_its_own_rung():
    for result, name in ((801, "NOT_SUPPORTED"), (803, "SYSTEM_DRIVER_MISMATCH"), (804, "COMPAT_NOT_SUPPORTED_ON_DEVICE")):
        fault = [{"step": "init", "do": "return", "result": result}]
        driver, compat = rungs_of(COMPAT_BOARD, compat=fault)
        expect(driver["error"] is None and driver["kernels_right"] > 10, f"the driver below it: {driver}")
        error = compat["measured"]["error"]
        expect((error["step"], error["result"], error["name"]) == ("init", result, f"CUDA_ERROR_{name}"), f"{error}")
        expect(error["meaning"], f"nobody is told what {result} means")
        text = run(COMPAT_BOARD, compat=fault).stdout
        expect(f"{DIRECTORY}: CUDA 12.9, CUDA_ERROR_{name} ({result}) in \"init\": {error['meaning']}\n" in text, text)


def a_crash_and_a_wrong_result_stay_above():
    driver, compat = rungs_of(COMPAT_BOARD, compat=[{"step": "context", "do": "crash"}])
    expect(driver["error"] is None, f"{driver}")
    expect(compat["measured"]["error"]["name"] == "crashed", f"{compat}")
    wrong = [{"kernel": "floats", "image": "cubin", "do": "wrong", "index": 17, "flip": 4}]
    driver, compat = rungs_of(COMPAT_BOARD, compat=wrong)
    above = compat["measured"]
    expect(driver["kernels_right"] == driver["kernels_tried"], f"{driver}")
    expect(above["kernels_right"] == above["kernels_tried"] - 1, f"{above}")


def an_idle_one_is_tried_where_it_is_asked_for():
    expect(rungs_of(IDLE_BOARD)[1]["measured"] is None, "nothing enables it, and it was tried")
    expect(rungs_of(IDLE_BOARD, "--all-compat")[1]["measured"]["cuda"] == "12.6", "it was asked for, and not tried")


def a_passive_run_has_no_rung():
    done = command.run("run", "--json", "--no-probe", "--root", command.board(COMPAT_BOARD))
    stack = json.loads(done.stdout)["stack"]
    expect(stack["driver_measured"] is None and stack["compat"][0]["measured"] is None, f"{stack}")
    expect("Ladder" not in command.run("run", "--no-probe", "--root", command.board(COMPAT_BOARD)).stdout, "a ladder of files")


def a_driver_that_takes_any_image_passes_with_a_note():
    settings = {**make_board.load(COMPAT_BOARD).driver, "faults": [{"do": "takes-any-image"}]}
    done = command.run("run", "--json", "--root", command.board(COMPAT_BOARD), "--driver",
                       command.driver(settings, COMPAT_BOARD))
    told = json.loads(done.stdout)
    check = next(check for check in told["checks"] if check["id"] == "native-kernels-run")
    expect((check["status"], check["code"]) == ("pass", "ok-takes-other-images"), f"{check}")
    expect(told["stack"]["driver_measured"]["error"] is None, f"{told['stack']['driver_measured']}")


def what_was_measured_is_part_of_the_digest():
    def digest(driver):
        done = command.run("run", "--json", "--root", command.board(COMPAT_BOARD), "--driver", driver)
        return json.loads(done.stdout)["digest"]

    # One folder for both states: the path of the driver is in the digest, too.
    driver = drivers_of(COMPAT_BOARD)
    settings = driver.parent / "compat/12.9/simulated_driver.json"
    sound = digest(driver)
    expect(digest(driver) == sound, "two runs of one state have two digests")
    settings.write_text(json.dumps({**json.loads(settings.read_text()), "faults": [{"step": "context", "do": "crash"}]}))
    crashed = digest(driver)
    expect(crashed != sound, "a cuda_compat that crashes changed no digest")
    expect(digest(driver) == crashed, "two runs of one crash have two digests")


try:
    status = run_cases([(case.__name__.replace("_", " "), case) for case in (
        sound_drivers_differ_in_what_they_compile, a_refusal_stands_on_its_own_rung,
        a_crash_and_a_wrong_result_stay_above, an_idle_one_is_tried_where_it_is_asked_for,
        a_passive_run_has_no_rung, a_driver_that_takes_any_image_passes_with_a_note,
        what_was_measured_is_part_of_the_digest)])
finally:
    command.close()
sys.exit(status)
