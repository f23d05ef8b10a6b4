#!/usr/bin/env python3
"""`bundle FILE`: what is in it, what is not in it, and how it comes to lie on a disk."""

import io
import json
import os
import resource
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from command import TIME_LIMIT, command_from_arguments, expect, make_board, run_cases

import elf_writer  # beside make_board

command = command_from_arguments()
ORIN = {"board": "orin", "driver_version": 12060}
BOOT_ID = make_board.load("orin-r36.5").read("/proc/sys/kernel/random/boot_id").strip()
PARTS = {"README.txt", "report.txt", "report.json", "facts.json", "daemon-report.json", "driver-stderr.txt",
         "which-libcuda.txt", "journal.txt", "kernel.txt", "settings.txt", "versions.txt"}

# What says whose machine it is. Every one of these is planted in files of the board and in what its driver prints.
SERIAL, GPU_UUID, MAC = "1423021012345", "e8a1d4b5-1234-5678-9abc-def012345678", "48:b0:2d:3c:4d:5e"
BOARD_SERIAL, MACHINE_ID, DISK_UUID = "BSN-778899", "4a7d1ed414474e4033ac29ccb8653d9b", "9b1ac6a0-5d3f-4f8e-8b2e-3b1f2c4d5e6f"
HOST, USER, OTHER_USER, ADDRESS, ADDRESS6 = "field-unit-7", "margarete", "ludwig", "10.42.0.17", "fe80::4ab0:2dff:fe3c:4d5e"
SECRETS = (SERIAL, GPU_UUID, MAC, MAC.replace(":", ""), BOARD_SERIAL, MACHINE_ID, DISK_UUID, HOST, USER, OTHER_USER, ADDRESS,
           ADDRESS6)
COMPLAINT = (f"the complaint itself stays: NvRm on {HOST}.lab.example.org: board Serial Number: {SERIAL}, dmi {BOARD_SERIAL}, GPU-{GPU_UUID}, eth0 {MAC}, "
             f"enx{MAC.replace(':', '')}, machine {MACHINE_ID}, from {ADDRESS} and {ADDRESS6}, disk {DISK_UUID}, "
             f"/home/{USER}/.nv and /home/{OTHER_USER}/x")


def planted_board():
    board = command.work / "planted"
    if board.exists():
        return board
    shutil.copytree(command.board("orin-r36.5"), board, symlinks=True)
    for path, text in {
            "sys/firmware/devicetree/base/serial-number": SERIAL + "\0",
            "proc/driver/nvidia/gpus/0000:01:00.0/information": f"Model: Orin\nGPU UUID: GPU-{GPU_UUID}\n",
            "sys/class/net/eth0/address": MAC + "\n",
            "sys/class/dmi/id/board_serial": BOARD_SERIAL + "\n",
            "etc/machine-id": MACHINE_ID + "\n",
            "etc/hostname": HOST + "\n",
            "etc/ld.so.preload": f"/home/{USER}/trace.so\n",
            "etc/fstab": f"UUID={DISK_UUID} / ext4 defaults 0 1\n",
    }.items():
        file = board / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    with (board / "etc/passwd").open("a") as file:
        file.write(f"{USER}:x:1000:1000::/home/{USER}:/bin/bash\n")
    (board / "home" / OTHER_USER).mkdir(parents=True)
    (board / "home" / USER).mkdir()
    # Every program loads it, and it looks for libcuda at home first.
    elf_writer.write_library(board / "home" / USER / "trace.so", "trace.so", needed=["libcuda.so.1", f"lib{SERIAL}.so"],
                             runpath=f"/home/{OTHER_USER}/{SERIAL}:/opt/enx{MAC.replace(':', '')}/{HOST}/{ADDRESS}")
    # Where a report speaks of it: the board's name, and the kernel's.
    (board / "sys/firmware/devicetree/base/model").write_text(f"NVIDIA Jetson Orin NX of {USER}, Serial Number: {SERIAL}\0")
    (board / "etc/os-release").write_text(f'ID=ubuntu\nPRETTY_NAME="Ubuntu 22.04.5 LTS"\nHOME_URL="http://{HOST}.lab/{ADDRESS}"\n')
    return board


def folder():
    return Path(tempfile.mkdtemp(dir=command.work))


def unpacked(content):
    if content[:4] == b"\x28\xb5\x2f\xfd":
        content = subprocess.run(["zstd", "-dc"], input=content, capture_output=True, check=True).stdout
    parts = {}
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive:
            expect(member.isfile() and member.mode == 0o600 and member.uid == 0 and not member.uname, f"{member.name}: {member}")
            top, name = member.name.split("/")
            expect(top == "jetcuda-check-bundle", f"not in one folder: {member.name}")
            parts[name] = archive.extractfile(member).read().decode()
    return parts


def made(*arguments, board=None, file=None):
    file = file or folder() / "bundle.tar.gz"
    done = command.run("bundle", file, "--root", board or command.board("orin-r36.5"), *arguments)
    expect(done.returncode == 0, f"exit status {done.returncode}: {done.stderr}")
    return unpacked(file.read_bytes())


def holds_what_support_asks_for():
    parts = made("--driver", command.driver({**ORIN, "faults": [{"step": "init", "do": "say", "value": "hello"}]}))
    expect(set(parts) == PARTS, f"the parts are {sorted(parts)}")
    flaws = command.program.flaws_of(parts["report.json"].encode())
    expect(not flaws, f"report.json is no report: {flaws[:3]}")
    report, facts = json.loads(parts["report.json"]), json.loads(parts["facts.json"])
    expect(report["boot_id"] == BOOT_ID and report["probed"], "not this board, or not probed")
    expect({fact["name"]: fact["value"] for fact in facts["facts"]}["boot_id"] == BOOT_ID, "the boot's id is gone")
    expect(parts["report.txt"].startswith(report["verdict"]) and "libcuda-is-found" in parts["report.txt"], "no text")
    expect("hello" in parts["driver-stderr.txt"], f"not what the driver said: {parts['driver-stderr.txt']}")
    expect(parts["versions.txt"].startswith("jetcuda-check ") and "Ubuntu 22.04" in parts["versions.txt"], "no versions")
    for name in PARTS - {"README.txt"}:
        expect(name in parts["README.txt"], f"README.txt does not name {name}")
    for name in ("journal.txt", "kernel.txt", "daemon-report.json"):
        expect(parts[name].startswith("Not in this bundle: another system than the running one"),
               f"{name} of a foreign root: {parts[name]}")


def same_board_same_report():
    """Redaction takes nothing away from a board that has nothing to hide."""
    for name in ("orin-r36.5", "orin-r36.5-broken", "orin-r39.2-image", "orin-nixos-r36.5"):
        board = command.board(name)
        which = command.run("which-libcuda", "--root", board)
        trail = made("--no-probe", board=board)["which-libcuda.txt"]
        expect(trail == which.stdout and "The loader" in trail, f"{name}: the trail in the bundle is another: {trail}")
    parts = made("--no-probe")
    run = json.loads(command.run("run", "--json", "--no-probe", "--root", command.board("orin-r36.5")).stdout)
    expect(json.loads(parts["report.json"])["digest"] == run["digest"], "the report in the bundle is another")


def nothing_says_whose_it_is():
    board = planted_board()
    driver = command.driver({**ORIN, "faults": [{"step": "init", "do": "say", "value": COMPLAINT}]})
    state, config = folder(), command.program.folder / "config"
    stored = json.loads(command.run("run", "--json", "--root", board, "--driver", driver).stdout)
    stored["checks"][0]["summary"] = COMPLAINT
    (state / "report.json").write_text(json.dumps(stored))
    expect(SERIAL in json.dumps(stored), "the plants do not reach a report; this tests nothing")
    (config / "config.json").write_text(json.dumps({"service_users": ["inference-svc", USER]}))
    (config / "config.d").mkdir()
    (config / "config.d" / "50-x.json").write_text(json.dumps({"programs": [f"/home/{OTHER_USER}/app", f"/opt/{HOST}/{MAC}"]}))
    try:
        parts = made("--driver", driver, "--state-dir", state, board=board)
        again = made("--driver", driver, "--state-dir", state, board=board, file=folder() / "b.tar.zst") \
            if shutil.which("zstd") else parts
    finally:
        (config / "config.json").unlink()
        shutil.rmtree(config / "config.d")
    # What a driver prints is cut after some hundred bytes; wherever that is, no half of a number is left.
    cut = [made("--driver", command.driver({**ORIN, "faults": [{"step": "init", "do": "say", "value": "x" * pad + " " + COMPLAINT}]}),
                board=board) for pad in (0, 40, 90, 110, 130, 150)]
    for start in (SERIAL[:6], GPU_UUID[:6], MAC[:7], BOARD_SERIAL[:6], MACHINE_ID[:6], DISK_UUID[:6]):
        for parts_cut in cut:
            expect(start not in parts_cut["driver-stderr.txt"], f"half a number is left: {parts_cut['driver-stderr.txt']}")
    for all_parts in (parts, again, *cut):
        for name, text in all_parts.items():
            for secret in SECRETS:
                expect(secret.lower() not in text.lower(),
                       f"{name} holds {secret}: …{text[max(0, text.lower().find(secret.lower()) - 80):][:200]}…")
    expect("<serial>" in parts["which-libcuda.txt"] and "<user>" in parts["which-libcuda.txt"],
           f"the plants do not reach the trail, or too much of it is gone: {parts['which-libcuda.txt']}")
    expect("the complaint itself stays" in parts["driver-stderr.txt"], f"too much is gone: {parts['driver-stderr.txt']}")
    expect("<serial>" in json.loads(parts["report.json"])["device"]["model"], "the model is not told, redacted")
    expect(not command.program.flaws_of(parts["report.json"].encode()), "report.json is no report")
    expect(not command.program.flaws_of(parts["daemon-report.json"].encode()), "daemon-report.json is no report")
    expect("inference" not in parts["facts.json"] and "<user>" in parts["settings.txt"], "a service user's name is told")
    expect(BOOT_ID in parts["report.json"], "the boot's id is gone")


def is_private_and_never_replaces():
    file = folder() / "bundle.tgz"
    made(file=file)
    expect(file.stat().st_mode & 0o7777 == 0o600, f"mode {file.stat().st_mode:o}")
    before = file.read_bytes()
    done = command.run("bundle", file, "--root", command.board("orin-r36.5"))
    expect(done.returncode == 64 and "--force" in done.stderr and file.read_bytes() == before, f"replaced: {done.stderr}")
    made("--force", file=file)
    expect(os.listdir(file.parent) == [file.name], f"something else lies there: {os.listdir(file.parent)}")


def what_cannot_be_written_leaves_nothing():
    place = folder()
    done = command.run("bundle", place / "missing" / "b.tar.gz", "--root", command.board("orin-r36.5"))
    expect(done.returncode == 74 and "could not be written" in done.stderr, f"{done.returncode}: {done.stderr}")
    done = subprocess.run(command.line("bundle", place / "b.tar.gz", "--root", command.board("orin-r36.5")), text=True,
                          capture_output=True, env=command.environment(), timeout=TIME_LIMIT,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)))
    expect(done.returncode == 74, f"a disk that is full gives {done.returncode}: {done.stderr}")
    expect(done.stderr.count("\n") == 1 and "b.tar.gz" in done.stderr, f"not one line: {done.stderr}")
    expect(not os.listdir(place), f"left behind: {os.listdir(place)}")
    place.chmod(0o755)
    done = command.program.start(["bundle", str(place / "b.tar.gz"), "--root", str(command.board("orin-r36.5")),
                                  *command.program.places], as_nobody=True)
    if os.geteuid() == 0:
        expect(done.returncode == 74 and b"Permission denied" in done.stderr and not os.listdir(place),
               f"a folder of another: {done.returncode}: {done.stderr}")


def goes_to_standard_output():
    done = subprocess.run(command.line("bundle", "-", "--root", command.board("orin-r36.5")), capture_output=True,
                          env=command.environment(), timeout=TIME_LIMIT)
    expect(done.returncode == 0 and not done.stderr, f"{done.returncode}: {done.stderr}")
    expect(set(unpacked(done.stdout)) == PARTS, "other parts than in a file")
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command.line("bundle", "-", "--root", command.board("orin-r36.5")), stdout=full,
                              stderr=subprocess.PIPE, env=command.environment(), timeout=TIME_LIMIT)
    expect(done.returncode == 74, f"a full disk gives {done.returncode}")
    script = shutil.which("script", path="/usr/bin:/bin")
    if script:
        line = " ".join(command.line("bundle", "-", "--root", command.board("orin-r36.5")))
        done = command.start([script, "-qec", line, "/dev/null"])
        expect(done.returncode == 64 and "no text for a terminal" in done.stdout, f"wrote to a terminal: {done.returncode}")


def json_tells_what_was_written():
    file = folder() / "b.tar.gz"
    done = command.run("bundle", file, "--json", "--root", command.board("orin-r36.5"))
    answer = json.loads(done.stdout)
    expect(answer["schema"] == "jetcuda-check.bundle/1" and answer["bytes"] == file.stat().st_size, f"{answer}")
    expect({part["name"] for part in answer["parts"]} == PARTS - {"README.txt"}, f"{answer['parts']}")


def this_machine_as_nobody():
    """Whatever this machine is: a bundle, and its own name and addresses not in it."""
    done = command.program.start(["bundle", "-", "--no-probe", "--data", str(command.program.folder / "data"),
                                  "--config", str(command.program.folder / "config")], as_nobody=True)
    expect(done.returncode == 0, f"{done.returncode}: {done.stderr}")
    parts = unpacked(done.stdout)
    expect(set(parts) == PARTS, f"the parts are {sorted(parts)}")
    machine_id = Path("/etc/machine-id")
    secrets = [os.uname().nodename] if len(os.uname().nodename) > 8 else []
    secrets += [machine_id.read_text().strip()] if machine_id.is_file() and machine_id.read_text().strip() else []
    for address in Path("/sys/class/net").glob("*/address"):
        if address.read_text().strip("0:\n"):
            secrets.append(address.read_text().strip())
    for name, text in parts.items():
        for secret in secrets:
            expect(secret not in text, f"{name} holds {secret}")


try:
    status = run_cases([(case.__name__.replace("_", " "), case) for case in (
        holds_what_support_asks_for, same_board_same_report, nothing_says_whose_it_is, is_private_and_never_replaces,
        what_cannot_be_written_leaves_nothing, goes_to_standard_output, json_tells_what_was_written,
        this_machine_as_nobody)])
finally:
    command.close()
sys.exit(status)
