#!/usr/bin/env python3
"""Roots that lie, break or set traps: the program must end by itself with a clear finding, whatever stands there.

    hostile_roots_test.py --binaries DIR [--rounds N] [--seed N]

Each case takes the healthy board orin-r36.5 and spoils it. Planted files outside the root show whether a link can
lead the program out of it: one names a release that must not appear in the report, one is a FIFO on which a reader hangs.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "boards")]
import make_board
from program_under_test import Program, check_of, expect, run_cases

RELEASE = "etc/nv_tegra_release"
LIBRARIES = "usr/lib/aarch64-linux-gnu"
LIBCUDA = f"{LIBRARIES}/nvidia/libcuda.so.1.1"
MODULE = "usr/lib/modules/5.15.185-tegra/updates/nvgpu.ko"
# Every file that the program may have an interest in; a trap is set at each in turn.
INTERESTING = [
    RELEASE, LIBCUDA, MODULE, "etc/os-release", "etc/group", "etc/passwd", "proc/modules", "proc/sys/kernel/osrelease",
    "proc/sys/kernel/random/boot_id", "sys/devices/soc0/family", "sys/devices/soc0/soc_id",
    "sys/firmware/devicetree/base/compatible", "sys/firmware/devicetree/base/model",
    "sys/devices/virtual/dmi/id/bios_version", "sys/module/nvgpu/notes/.note.gnu.build-id", "var/lib/dpkg/status",
    "var/lib/dpkg/info/nvidia-l4t-kernel-oot-modules.list", "usr/lib/modules/5.15.185-tegra/modules.dep",
    "usr/lib/modules/5.15.185-tegra/modules.builtin", "etc/ld.so.conf", "etc/ld.so.conf.d/nvidia-tegra.conf",
    f"{LIBRARIES}/nvidia/libnvidia-ptxjitcompiler.so.540.5.0", "var/lib/dpkg/info/cuda-cudart-12-6.list",
    "usr/local/cuda-12.6/version.json",
]
GARBLED = {
    "empty": b"", "no release": b"hello\n", "R350": b"# R350 (release)\n", "no revision": b"# R36 (release)\n",
    "binary": bytes(range(256)) * 4, "NULs": b"# R36\0(release), REVISION: 5.0\n", "huge number": b"# R" + b"9" * 400 + b" (release), REVISION: 5.0\n",
    "huge revision": b"# R36 (release), REVISION: " + b"9" * 400 + b"\n", "negative": b"# R-36 (release), REVISION: -5.0\n",
    "one line of a megabyte": b"#" * 1_000_000, "many empty lines": b"\n" * 100_000,
    "not UTF-8": b"# R36 (release\xff\xfe), REVISION: \xe2\x28\xa1\n",
}


class Traps:
    def __init__(self, program, work):
        self.program, self.work, self.number = program, work, 0
        self.outside = work / "outside"
        self.outside.mkdir(mode=0o755)
        (self.outside / "nv_tegra_release").write_text("# R36 (release), REVISION: 9.9, GCID: 12344321, BOARD: planted\n")
        os.mkfifo(self.outside / "fifo", 0o644)
        shutil.copytree(self.board() / "etc", self.outside / "etc", symlinks=True)
        (self.outside / "etc" / "nv_tegra_release").write_text((self.outside / "nv_tegra_release").read_text())

    def board(self):
        self.number += 1
        root = self.work / f"root-{self.number}"
        make_board.make("orin-r36.5", root)
        return root

    def judge(self, root, as_nobody=False):
        try:
            report = self.program.report(root, ["--no-probe"], as_nobody, time_limit=20)
            for planted in ("36.9.9", "12344321", "planted"):
                expect(planted not in str(report), f"{planted!r} of a file outside the root is in the report")
            return report
        finally:
            shutil.rmtree(root, ignore_errors=True)

    def garbled_release(self, content):
        root = self.board()
        (root / RELEASE).write_bytes(content)
        report = self.judge(root)
        check = check_of(report, "l4t-release-is-known")
        expect((check["status"], check["code"]) == ("fail", "garbled"),
               f"a garbled release file gives {check['status']}, {check['code']}: {check['summary']}")
        expect(report["verdict"] == "unhealthy", f"verdict {report['verdict']}")
        expect("nv_tegra_release" in check["summary"], f"the summary does not name the file: {check['summary']}")

    def replaced(self, path, make, as_nobody=False):
        """Something else stands at the path: no `pass` may rest on it, and no other run may be hurt."""
        root = self.board()
        (root / path).unlink()
        make(root / path)
        return self.judge(root, as_nobody)

    def never_healthy_release(self, path, report):
        if path == RELEASE:
            check = check_of(report, "l4t-release-is-known")
            expect(check["status"] in ("fail", "unknown") or check["code"] != "ok",
                   f"the release file is not one, and the check says {check['status']}, {check['code']}")
        if path == LIBCUDA:
            found = [check_of(report, name)["status"] for name in ("libcuda-is-found", "libcuda-is-genuine")]
            expect("pass" not in found[1:], f"libcuda is no library, and libcuda-is-genuine says {found[1]}")

    def trap(self, path, make):
        self.never_healthy_release(path, self.replaced(path, make))

    def loop(self, file):
        other = file.with_name("loop-b")
        file.symlink_to(other.name)
        other.symlink_to(file.name)

    def huge(self, file):
        with open(file, "wb") as stream:
            stream.truncate(8 << 30)

    def unreadable(self, path):
        root = self.board()
        (root / path).chmod(0)
        report = self.judge(root, as_nobody=True)
        for check in report["checks"]:
            if path == RELEASE and check["id"] == "l4t-release-is-known":
                expect((check["status"], check["code"]) == ("unknown", "not-readable"),
                       f"an unreadable release file gives {check['status']}, {check['code']}")

    def led_out(self, path, target):
        root = self.board()
        spot = root / path
        if spot.is_dir() and not spot.is_symlink():
            shutil.rmtree(spot)
        else:
            spot.unlink()
        spot.symlink_to(target)
        self.judge(root)

    def refused_notes(self, content):
        root = self.board()
        (root / ".jetcuda-root.json").write_bytes(content)
        try:
            done = self.program.start(["run", "--json", "--root", str(root), "--no-probe", *self.program.places], time_limit=20)
            errors = done.stderr.decode(errors="replace")
            expect(done.returncode in (64, 74), f"exit status {done.returncode} for malformed notes; {errors}")
            expect(".jetcuda-root.json" in errors, f"the message does not name the file: {errors}")
        finally:
            shutil.rmtree(root, ignore_errors=True)

    def mutated(self, seed):
        """Random damage to a few files at once."""
        chance = random.Random(seed)
        root = self.board()
        files = sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink()
                       and path.name != ".jetcuda-root.json")
        for path in chance.sample(files, 6) + [root / chance.choice(INTERESTING)]:
            size = path.stat().st_size
            with open(path, "r+b") as stream:
                for _ in range(chance.randrange(1, 20)):
                    stream.seek(chance.randrange(min(size, 1 << 16) + 1))
                    stream.write(chance.choice((chance.randbytes(chance.randrange(1, 9)), b"\0", b"\xff" * 8, b"\n", b"/../")))
                if chance.random() < 0.3:
                    stream.truncate(chance.randrange(size + 1))
        self.judge(root)

    def odd_names(self):
        root = self.board()
        for folder in ("usr/lib/modules", "var/lib/dpkg/info", "etc/ld.so.conf.d", LIBRARIES + "/nvidia"):
            for name in ("new\nline", "\x1b[31mred", "not\udcffutf8", "-rf", "{name}", "x" * 255, " "):
                (root / folder / name).write_text("odd\n")
        report = self.judge(root)
        for check in report["checks"]:
            expect("\x1b" not in check["summary"] + (check["remedy"] or ""), f"{check['id']}: an escape character is told on")


def all_cases(traps, rounds, seed):
    cases = [(f"release file: {name}", lambda content=content: traps.garbled_release(content))
             for name, content in GARBLED.items()]
    for path in INTERESTING:
        cases += [
            (f"a FIFO at {path}", lambda path=path: traps.trap(path, os.mkfifo)),
            (f"a folder at {path}", lambda path=path: traps.trap(path, os.mkdir)),
            (f"a loop of links at {path}", lambda path=path: traps.trap(path, traps.loop)),
            (f"8 GiB of nothing at {path}", lambda path=path: traps.trap(path, traps.huge)),
            (f"unreadable: {path}", lambda path=path: traps.unreadable(path)),
            (f"a link to a FIFO outside at {path}", lambda path=path: traps.led_out(path, traps.outside / "fifo")),
        ]
    climb = "../" * 40
    for target in (traps.outside / "nv_tegra_release", climb + str(traps.outside / "nv_tegra_release").lstrip("/"),
                   f"/proc/self/root{traps.outside}/nv_tegra_release"):
        cases.append((f"release file leads to {target}"[:70], lambda target=target: traps.led_out(RELEASE, target)))
    for path in ("etc", "proc", "sys", "lib", "usr", "var", LIBRARIES + "/nvidia", "usr/lib/modules", "sys/devices/soc0"):
        for target in ("/", climb, traps.outside, f"{climb}{str(traps.outside).lstrip('/')}", "/proc/self/root"):
            cases.append((f"/{path} leads to {target}"[:70], lambda path=path, target=target: traps.led_out(path, target)))
    for name, content in {"empty": b"", "no JSON": b"{", "a list": b"[]", "unknown key": b'{"nods":[]}', "deep": b"[" * 100000,
                          "wrong type": b'{"nodes":[{"path":"/dev/x","type":"q","mode":"0660"}]}',
                          "a climbing path": b'{"dirs":["/../../etc"]}', "binary": bytes(range(256))}.items():
        cases.append((f".jetcuda-root.json: {name}", lambda content=content: traps.refused_notes(content)))
    cases.append(("odd file names", traps.odd_names))
    for number in range(rounds):
        cases.append((f"random damage, seed {seed + number}", lambda number=number: traps.mutated(seed + number)))
    return cases


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binaries", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="run the cases whose name holds this text")
    options = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="jetcuda-hostile-"))
    work.chmod(0o755)
    program = Program(options.binaries, HERE.parent.parent)
    try:
        cases = [case for case in all_cases(Traps(program, work), options.rounds, options.seed) if options.only in case[0]]
        status = run_cases(cases)
        print(f"the slowest run took {program.slowest * 1000:.0f} ms")
        return status
    finally:
        program.close()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
