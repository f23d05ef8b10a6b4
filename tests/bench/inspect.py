"""The measurements of tests/bench/inspect.sh. Times are wall clock of whole processes, as a user waits for them. Warm: the
file is in memory, and inspect and cat take turns, so that what else the machine does hits both. Cold: the kernel is asked
to forget the file before each.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
WARM_PAIRS, COLD_PAIRS = 15, 5


def time_of(command):
    """Milliseconds, and the most memory it had at once, in MB."""
    begin = time.perf_counter()
    process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, env=ENVIRONMENT)
    _, status, used = os.wait4(process.pid, 0)
    took = (time.perf_counter() - begin) * 1000
    process.returncode = os.waitstatus_to_exitcode(status)
    if not 0 <= process.returncode <= 3:
        sys.exit(f"{' '.join(map(str, command))} ended with {process.returncode}")
    return took, used.ru_maxrss / 1024


def forget(files):
    for path in files:
        with open(path, "rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def files_of(path):
    if path.is_file():
        return [path.resolve()]
    return sorted({file.resolve() for file in path.iterdir() if file.is_file() and not file.is_symlink()})


def found(folder, pattern):
    return next((path for path in sorted(folder.rglob(pattern)) if path.is_file()), None)


def measure(inspect, path, cuobjdump):
    files = files_of(path)
    cat = ["cat", *files]
    time_of(cat)
    pairs = [(time_of([*inspect, path]), time_of(cat)) for _ in range(WARM_PAIRS)]
    warm, cat_warm = (statistics.median(pair[side][0] for pair in pairs) for side in (0, 1))
    memory = max(pair[0][1] for pair in pairs)
    cold_pairs = []
    for _ in range(COLD_PAIRS):
        forget(files)
        ours = time_of([*inspect, path])[0]
        forget(files)
        cold_pairs.append((ours, time_of(cat)[0]))
    cold, cat_cold = (statistics.median(pair[side] for pair in cold_pairs) for side in (0, 1))
    size = sum(file.stat().st_size for file in files) / 1e6
    line = f"{path.name if path.is_file() else 'the folder of CUDA 13':<22} {size:6.0f} MB  {warm:6.0f} ms, {warm / cat_warm:4.2f} of cat   " \
           f"{cold:6.0f} ms, {cold / cat_cold:4.2f} of cat   {memory:5.1f} MB"
    if cuobjdump and path.is_file():
        time_of([cuobjdump, "-lelf", path])
        theirs = time_of([cuobjdump, "-lelf", path])[0]
        line += f"   cuobjdump {theirs / 1000:5.1f} s, {theirs / warm:4.0f} times ours"
    print(line, flush=True)


def wrong_inputs(place):
    """What is no program, or a broken one: each is to be answered in less than a second."""
    (place / "folder").mkdir()
    (place / "folder" / "locked").mkdir(mode=0)
    os.mkfifo(place / "fifo")
    real = (TOP / "kernels/images/floats.sm_87.cubin").read_bytes()
    (place / "32-bit").write_bytes(b"\x7fELF\x01\x01\x01" + bytes(9) + b"\x03\0\x28\0" + bytes(200))
    with zipfile.ZipFile(place / "whole.whl", "w") as wheel:
        wheel.writestr("code.cubin", real)
        wheel.writestr("more.cubin", real)
    (place / "cut.whl").write_bytes((place / "whole.whl").read_bytes()[:-3000])
    for name, start in (("sparse", b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\0\xb7\0" + bytes(44)), ("sparse.whl", b"PK\x03\x04")):
        with open(place / name, "wb") as sparse:
            sparse.write(start)
            sparse.truncate(10 << 40)
    return [place / "folder", place / "fifo", place / "32-bit", place / "cut.whl", place / "sparse", place / "sparse.whl",
            Path("/dev/zero")]


def main():
    build, real_files = Path(sys.argv[1]), Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as config:
        inspect = [build / "bin/jetcuda-check", "inspect", "--data", TOP / "config/data", "--config", config, "--sm", "87"]
        old, new = found(real_files / "nvidia-cuda-toolkit", "cuobjdump"), found(real_files / "cuobjdump-13", "cuobjdump")
        wrong = Path(config) / "wrong"
        wrong.mkdir()
        slowest = max((max(time_of([*inspect, path])[0] for _ in range(5)), path.name) for path in wrong_inputs(wrong))
        print(f"wrong inputs (a locked folder, a FIFO, 32-bit, a cut wheel, 10 TB of nothing, /dev/zero): at most {slowest[0]:.0f} ms "
              f"({slowest[1]})")
        libraries = Path("/usr/local/cuda/lib64").resolve()
        print("file                        size  warm                     cold                      memory")
        for name, cuobjdump in (("libcublasLt.so.11*", old), ("libcusparse.so.11*", old)):
            measure(inspect, found(real_files, name), cuobjdump)
        if not libraries.is_dir():
            print("CUDA 13 is not installed here: its libraries were not measured")
            return
        for name in ("libcublasLt.so.13", "libcufft.so.12"):
            measure(inspect, (libraries / name).resolve(), new)
        measure(inspect, libraries, None)


main()
