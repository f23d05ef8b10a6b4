#!/usr/bin/env python3
"""which-libcuda: on boards, for programs in them, and on this machine, where the caller's own environment counts."""

import json
import shutil
import sys
from pathlib import Path

from command import SOURCE, command_from_arguments, expect, run_cases

sys.path.insert(0, str(SOURCE / "tests/boards"))
import elf_writer

command = command_from_arguments()
DRIVER = "/usr/lib/aarch64-linux-gnu/nvidia/libcuda.so.1"


def orin(name):
    """A board of its own, for a case to change."""
    root = command.work / name
    shutil.copytree(command.board("orin-r36.5"), root, symlinks=True)
    return root


def put(root, path, soname, **words):
    target = root / path.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    elf_writer.write_library(target, soname, **words)


def which(*arguments, **environment):
    done = command.run("which-libcuda", "--json", *arguments, **environment)
    return done.returncode, json.loads(done.stdout)


def the_trail_is_told():
    for board, path in (("orin-r36.5", DRIVER), ("xavier-r35.6", "/usr/lib/aarch64-linux-gnu/tegra/libcuda.so.1"),
                        ("thor-r39.2", "/opt/nvidia/l4t-gpu-libs/openrm/libcuda.so.1"),
                        ("orin-nixos-r36.5", "/run/opengl-driver/lib/libcuda.so.1")):
        status, answer = which("--root", command.board(board))
        expect(status == 0 and answer["path"] == path, f"{board}: {status} {answer}")
        expect(answer["schema"] == "jetcuda-check.which-libcuda/1", "another schema")
        expect(answer["steps"][-1] == {"source": answer["steps"][-1]["source"], "path": path, "outcome": "taken"},
               f"{board}: the last step is not the one taken: {answer['steps']}")
    plain = command.run("which-libcuda", "--root", command.board("orin-r36.5"))
    expect(plain.returncode == 0 and DRIVER in plain.stdout and "/etc/ld.so.cache" in plain.stdout, plain.stdout)
    expect("a driver, where L4T keeps it" in plain.stdout, plain.stdout)


def a_stub_or_none_is_status_two():
    status, answer = which("--root", command.board("orin-r36.5-broken"))
    expect(status == 2 and answer["stub"] is True, f"{status} {answer}")
    status, answer = which("--root", command.board("orin-r39.2-image"))
    expect(status == 2 and answer["path"] is None and answer["stub"] is None, f"{status} {answer}")


def a_program_brings_its_own_paths():
    root = orin("programs")
    put(root, "/opt/app/lib/libcuda.so.1", "libcuda.so.1", needed=["libc.so.6"])
    put(root, "/opt/app/lib/stubs/libcuda.so.1", "libcuda.so.1", stub=True)
    put(root, "/opt/app/bin/good", "good", needed=["libnone.so"], runpath="$ORIGIN/../lib")
    put(root, "/opt/app/bin/bad", "bad", needed=["libcuda.so.1"], runpath="$ORIGIN/../lib/stubs:$ORIGIN/../lib")
    status, answer = which("--root", root, "--for", "/opt/app/bin/good")
    expect(status == 0 and answer["path"] == "/opt/app/bin/../lib/libcuda.so.1", f"{status} {answer}")
    expect(answer["real_path"] == "/opt/app/lib/libcuda.so.1" and answer["requested"] == "opened", f"{answer}")
    expect(answer["problems"] == ["libnone.so, which /opt/app/bin/good needs, is not found"], f"{answer['problems']}")
    status, answer = which("--root", root, "--for", "/opt/app/bin/bad")
    expect(status == 2 and answer["stub"] and answer["requested"] == "needed", f"{status} {answer}")


def the_runtime_of_a_program_asks_in_its_place():
    root = orin("runtime")
    put(root, "/opt/cuda/lib/libcudart.so.12", "libcudart.so.12", runpath="/opt/cuda/compat")
    put(root, "/opt/cuda/compat/libcuda.so.1", "libcuda.so.1", needed=["libc.so.6"])
    put(root, "/opt/app", "app", needed=["libcudart.so.12"], runpath="/opt/cuda/lib")
    status, answer = which("--root", root, "--for", "/opt/app")
    expect(status == 0 and answer["asker"] == "/opt/cuda/lib/libcudart.so.12", f"{status} {answer}")
    expect(answer["path"] == "/opt/cuda/compat/libcuda.so.1", f"{answer}")


def what_is_no_program_is_told():
    board = command.board("orin-r36.5")
    for words, status in ((["--for", "/nowhere"], 74), (["--for", "/etc/os-release"], 64), (["--for", "/etc"], 64),
                          (["--for", "relative"], 64), (["--for", ""], 64), (["--for"], 64), (["x"], 64)):
        done = command.run("which-libcuda", "--root", board, *words)
        expect(done.returncode == status and done.stdout == "" and done.stderr.count("\n") == 1,
               f"{words}: {done.returncode} {done.stdout}{done.stderr}")


def the_callers_environment_counts_on_this_machine_only():
    folder = command.work / "mine"
    put(folder, "/libcuda.so.1", "libcuda.so.1", needed=["libc.so.6"], machine=elf_writer.X86_64)
    put(folder, "/arm/libcuda.so.1", "libcuda.so.1", needed=["libc.so.6"], machine=elf_writer.AARCH64)
    path = f"/nowhere:{folder}/arm:{folder}"
    done = command.run("which-libcuda", LD_LIBRARY_PATH=path)
    wanted = "arm/libcuda.so.1" if Path("/lib/ld-linux-aarch64.so.1").exists() else "mine/libcuda.so.1"
    expect(done.returncode == 0 and wanted in done.stdout.split("The loader takes")[1], done.stdout)
    expect(f"LD_LIBRARY_PATH of this shell counts here: {path}" in done.stdout, done.stdout)
    done = command.run("which-libcuda", "--root", command.board("orin-r36.5"), LD_LIBRARY_PATH=path)
    expect(str(folder) not in done.stdout, "the environment leaks into another root")


try:
    status = run_cases([(case.__name__.replace("_", " "), case) for case in (
        the_trail_is_told, a_stub_or_none_is_status_two, a_program_brings_its_own_paths,
        the_runtime_of_a_program_asks_in_its_place, what_is_no_program_is_told,
        the_callers_environment_counts_on_this_machine_only)])
finally:
    command.close()
sys.exit(status)
