"""The measurements of tests/bench/run.sh. Times are wall clock of whole processes, as a user waits for them; after five
runs to warm the caches, the median and the slowest of fifty.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(TOP / "tests" / "boards"), str(TOP / "tests" / "drivers")]
import board as boards
import make_board
import simulated_driver

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


def as_nobody():
    """As root, the real libcuda leaves a device node behind; so it is asked as another user."""
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []


def times(command, runs=50, warm=5):
    taken = []
    for number in range(warm + runs):
        begin = time.perf_counter()
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=ENVIRONMENT)
        if number >= warm:
            taken.append((time.perf_counter() - begin) * 1000)
        if not 0 <= done.returncode <= 3:
            sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}: {done.stderr.decode()}")
    return f"median {statistics.median(taken):6.1f} ms, slowest {max(taken):6.1f} ms of {runs} runs"


def time_of(command):
    begin = time.perf_counter()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=ENVIRONMENT)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}: {done.stderr.decode()}")
    return (time.perf_counter() - begin) * 1000


def probe_overhead(binaries, place, runs=100):
    """What jetcuda-probe adds to a library's own load: start, open, answer, without GPU work. In turns with a program
    that only opens it."""
    library, just_open = place / "finds_no_device.so", place / "just_open"
    here = TOP / "tests/bench"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, here / "finds_no_device.c"], check=True)
    subprocess.run(["cc", "-O2", "-o", just_open, here / "just_open.c", "-ldl"], check=True)
    pairs = [(time_of([binaries / "jetcuda-probe", library]), time_of([just_open, library])) for _ in range(runs)]
    added = [probe - alone for probe, alone in pairs]
    return f"median {statistics.median(added):6.1f} ms, slowest {max(added):6.1f} ms of {runs} pairs"


def add_packages(board, count):
    """As many packages as a development board has; 3,000 make the 4 MB that a real status file has."""
    words = " Long words about what the library does, and for whom it is, as descriptions have them.\n" * 10
    with open(board / "var/lib/dpkg/status", "a", encoding="utf-8") as status:
        for number in range(count):
            status.write(f"Package: libsomething{number}\nStatus: install ok installed\nPriority: optional\nSection: libs\n"
                         f"Installed-Size: 1234\nMaintainer: Somebody <somebody@example.org>\nArchitecture: arm64\n"
                         f"Version: 1.2.{number}-3\nDepends: libc6 (>= 2.34), libstdc++6 (>= 11), libgcc-s1 (>= 3.0)\n"
                         f"Description: a library\n{words}Homepage: https://example.org/{number}\n\n")


def add_store_paths(board, count):
    """A system whose closure has `count` paths more, each of which needs eight others, as is usual."""
    references = dict(make_board.load("orin-nixos-r36.5").nix_references)
    paths = [f"/nix/store/{number:032d}-library-{number}-1.0" for number in range(count)]
    for number, path in enumerate(paths):
        references[path] = [paths[(number * 7 + step * step) % count] for step in range(8)] + paths[number + 1:number + 2]
    system = next(path for path in references if "nixos-system" in path)
    references[system] = [*references[system], paths[0]]
    boards.write_nix_database(board / "nix/var/nix/db/db.sqlite", references)


def private_kilobytes(pid):
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    fields = {line.split(":")[0]: int(line.split()[1]) for line in text.splitlines()[1:]}
    return fields["Private_Clean"] + fields["Private_Dirty"], fields["Rss"], fields["Pss"]


def wait_for(path, process, seconds=30):
    end = time.monotonic() + seconds
    while not path.exists():
        if time.monotonic() > end or process.poll() is not None:
            sys.exit(f"{path} did not appear")
        time.sleep(0.05)


def idle_daemon(binaries, board, place):
    bus = place / "bus"
    (place / "bus.conf").write_text(
        f'<busconfig><type>system</type><listen>unix:path={bus}</listen><auth>EXTERNAL</auth><policy context="default">'
        '<allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>'
        '<allow send_type="method_call"/></policy></busconfig>')
    runner = place / "runner"
    runner.write_text(f'#!/bin/sh\nexec {binaries}/jetcuda-check --data {TOP}/config/data --root {board} "$@"\n')
    runner.chmod(0o755)
    environment = {**ENVIRONMENT, "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={bus}"}
    with open(place / "log", "w") as log:
        broker = subprocess.Popen(["dbus-daemon", f"--config-file={place}/bus.conf", "--nofork", "--nopidfile"], stderr=log)
        daemon = None
        try:
            wait_for(bus, broker)
            daemon = subprocess.Popen([str(binaries / "jetcuda-checkd"), "--runner", str(runner), "--state-dir", str(place),
                                       "--settle-ms", ""], env=environment, stderr=log)
            wait_for(place / "report.json", daemon)
            time.sleep(1)
            private, rss, pss = private_kilobytes(daemon.pid)
            return f"{private} kB private (RSS {rss} kB, PSS {pss} kB), a second after its first report"
        finally:
            for process in (daemon, broker):
                if process:
                    process.terminate()
                    process.wait()


def main():
    build = (TOP / sys.argv[1]).resolve()
    binaries = build / "bin"
    place = Path(tempfile.mkdtemp(prefix="jetcuda-bench-"))
    place.chmod(0o755)
    try:
        config = place / "config"
        config.mkdir()
        board = place / "board"
        make_board.make("orin-r36.5", board)
        on_board = ["run", "--json", "--data", str(TOP / "config/data"), "--config", str(config), "--root", str(board)]
        check = str(binaries / "jetcuda-check")
        print(f"static run on a board (--no-probe):   {times([check, *on_board, '--no-probe'])}")
        big = place / "big"
        make_board.make("orin-r36.5", big)
        add_packages(big, 3000)
        print(f"the same with 3,000 packages of dpkg: {times([check, *on_board[:-1], str(big), '--no-probe'])}")
        nixos = place / "nixos"
        make_board.make("orin-nixos-r36.5", nixos)
        add_store_paths(nixos, 5000)
        print(f"NixOS, a closure of 5,000 paths:      {times([check, *on_board[:-1], str(nixos), '--no-probe'])}")
        orin = make_board.load("orin-r36.5")
        driver = simulated_driver.lay_out(place / "driver", build / "tests/drivers/libcuda.so.1.1", orin.driver, orin)
        print(f"run with the simulated libcuda:       {times([check, *on_board, '--driver', str(driver)])}")
        print(f"what the probe adds to its library:   {probe_overhead(binaries, place)}")
        real = next(iter(sorted(build.glob("tests/drivers/real-libcuda/libcuda.so.1"))), None)
        if real:
            print(f"run with Debian's real libcuda:       {times([*as_nobody(), check, *on_board, '--driver', str(real)], 20)}")
        else:
            print("run with Debian's real libcuda:       not fetched; ctest -R drivers/fetch_real_libcuda does that")
        print(f"idle daemon:                          {idle_daemon(binaries, board, place)}")
    finally:
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
