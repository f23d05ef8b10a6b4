"""What the tests of the command share: the built program, boards to judge, and no bus to ask."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
sys.path[:0] = [str(HERE.parent / "boards"), str(HERE.parent / "roots"), str(HERE.parent / "drivers")]
import make_board
import simulated_driver
from program_under_test import Failed, Program, expect, run_cases  # noqa: F401 (handed on)

TIME_LIMIT = 120  # seconds, for a machine that does many other things; nothing here takes more than one


class Command:
    def __init__(self, binaries, simulated):
        self.program = Program(binaries, SOURCE)
        self.simulated = simulated
        self.work = Path(tempfile.mkdtemp(prefix="jetcuda-cli-"))
        self.work.chmod(0o755)
        self.boards = {}

    def close(self):
        self.program.close()
        shutil.rmtree(self.work, ignore_errors=True)

    def board(self, name):
        if name not in self.boards:
            make_board.make(name, self.work / name)
            self.boards[name] = self.work / name
        return self.boards[name]

    def driver(self, settings, board="orin-r36.5"):
        """A simulated libcuda with these settings, and the libraries of that board beside it."""
        folder = Path(tempfile.mkdtemp(dir=self.work)) / "driver"
        driver = simulated_driver.lay_out(folder, self.simulated, settings, make_board.load(board))
        subprocess.run(["chmod", "-R", "a+rX", str(folder.parent)], check=True)
        return driver

    def line(self, *arguments):
        return [str(self.program.folder / "jetcuda-check"), *map(str, arguments),
                "--data", str(self.program.folder / "data"), "--config", str(self.program.folder / "config")]

    def environment(self, **more):
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                       "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.work}/no-bus"}
        environment.update({key: value for key, value in os.environ.items() if key.endswith("SAN_OPTIONS")})
        environment.update(more)
        return environment

    def start(self, line, text=None, **more):
        done = subprocess.run(line, input=text, capture_output=True, text=True, env=self.environment(**more), cwd="/",
                              timeout=TIME_LIMIT)
        expect(done.returncode >= 0, f"ended by signal {-done.returncode}: {' '.join(line)}\n{done.stderr}")
        return done

    def run(self, *arguments, **more):
        return self.start(self.line(*arguments), **more)


def command_from_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binaries", type=Path, required=True)
    parser.add_argument("--simulated", type=Path, required=True)
    given = parser.parse_args()
    return Command(given.binaries, given.simulated)
