#!/usr/bin/env python3
"""The whole program with a real libcuda, Debian's libcuda1 for desktop GPUs, on a machine where it can find no GPU: the
finding must be the driver's own answer, with what to do. The driver is asked as a user who is not root, since as
root it would leave a device node behind.

    real_driver_test.py --binaries DIR --library FILE
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "boards")]
import make_board
from program_under_test import Program, check_of, expect, run_cases


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binaries", type=Path, required=True)
    parser.add_argument("--library", type=Path, required=True)
    options = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="jetcuda-real-"))
    work.chmod(0o755)
    program = Program(options.binaries, HERE.parent.parent)

    def judge(board):
        root = work / board
        make_board.make(board, root)
        library = work / "libcuda.so.1"
        if not library.exists():
            shutil.copy2(options.library.resolve(), library)
            library.chmod(0o755)
        begin = time.monotonic()
        report = program.report(root, ["--driver", str(library)], as_nobody=True)
        print(f"      the run on {board} took {(time.monotonic() - begin) * 1000:.0f} ms")
        return report

    def no_device():
        report = judge("orin-r36.5")
        check = check_of(report, "driver-initializes")
        expect((check["status"], check["code"]) == ("fail", "no-device"), f"{check['status']}, {check['code']}: {check['summary']}")
        expect("CUDA_ERROR_NO_DEVICE" in check["summary"] and "100" in check["summary"], check["summary"])
        expect(check["remedy"], "there is no remedy")
        expect((report["verdict"], report["reason"]) == ("unhealthy", "driver-initializes"), f"{report['verdict']}, {report['reason']}")
        expect(report["probed"] and not report["simulated"], "a real driver is told as simulated, or as not probed")
        version = check_of(report, "driver-version-is-native")
        expect(version["status"] == "fail" and "12.2" in version["summary"],
               f"a driver of CUDA 12.2 on a release of 12.6: {version['status']}, {version['summary']}")

    def judged_where_no_jetson_is():
        report = judge("not-a-jetson")
        check = check_of(report, "driver-initializes")
        expect(check["status"] == "fail" and check["remedy"], f"{check['status']}, {check['remedy']}")
        expect(report["verdict"] == "unhealthy", f"a failed required check, and the verdict is {report['verdict']}")

    try:
        return run_cases([("the real libcuda finds no device, and the report says so", no_device),
                          ("it is judged on a machine that is no Jetson, too", judged_where_no_jetson_is)])
    finally:
        program.close()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
