#!/usr/bin/env python3
"""`run --json --request=-` as the daemon uses it: over pipes and over a socket, settling, and left alone."""

import json
import socket
import subprocess
import sys

from command import TIME_LIMIT, Failed, command_from_arguments, expect, run_cases

command = command_from_arguments()


def request(checks=(), probe=True, settle=()):
    return json.dumps({"checks": list(checks), "probe": probe, "settle_ms": list(settle)}) + "\n"


def runner(board, *more):
    return command.line("run", "--json", "--request=-", "--root", command.board(board), *more)


def lines_of(output):
    lines = [json.loads(line) for line in output.splitlines()]
    expect(all(len(line) == 1 for line in lines), f"a line has more than one key: {output[:300]}")
    return lines


def times_asked(lines):
    return sum(line.get("progress") == "environment" for line in lines)


def healthy_board():
    done = command.start(runner("orin-r36.5"), request(probe=False))
    lines = lines_of(done.stdout)
    expect(done.returncode == 0, f"exit status {done.returncode}: {done.stderr}")
    expect(len(lines) > 3 and all("progress" in line for line in lines[:-1]), f"no progress before the end: {done.stdout[:300]}")
    report = lines[-1].get("report")
    expect(report and report["schema"] == "jetcuda-check.report/1", f"the last line is no report: {done.stdout[-300:]}")
    expect(report["sequence"] == 0 and not report["probed"], "the runner numbered its report, or probed")
    expect(times_asked(lines) == 1, "a healthy board was asked more than once")


def sick_board_is_no_failure_of_the_runner():
    done = command.start(runner("orin-r36.5-broken"), request(probe=False))
    report = lines_of(done.stdout)[-1].get("report")
    expect(report and report["verdict"] == "unhealthy", f"not unhealthy: {done.stdout[-300:]}")
    expect(done.returncode == 0, f"exit status {done.returncode}: the unit would count as failed")


def settling():
    done = command.start(runner("orin-r36.5-broken"), request(probe=False, settle=[10, 20, 30]))
    lines = lines_of(done.stdout)
    expect(times_asked(lines) == 4, f"asked {times_asked(lines)} times, not once and after each of three pauses")
    expect(sum("report" in line for line in lines) == 1, "not exactly one report")
    done = command.start(runner("orin-r36.5"), request(probe=False, settle=[10, 20, 30]))
    expect(times_asked(lines_of(done.stdout)) == 1, "a board without a required failure was asked again")


def some_checks():
    done = command.start(runner("orin-r36.5"), request(["libcuda-is-found", "soc-is-supported"]))
    report = lines_of(done.stdout)[-1]["report"]
    expect([check["id"] for check in report["checks"]] == ["libcuda-is-found", "soc-is-supported"],
           f"not the checks that were asked for: {[check['id'] for check in report['checks']]}")


def with_a_driver():
    driver = command.driver({"board": "orin", "driver_version": 12060})
    done = command.start(runner("orin-r36.5", "--driver", driver), request())
    report = lines_of(done.stdout)[-1]["report"]
    expect(report["probed"] and report["simulated"], f"not probed: {done.stdout[-400:]}")
    done = command.start(runner("orin-r36.5", "--driver", driver), request(probe=False))
    expect(not lines_of(done.stdout)[-1]["report"]["probed"], "probed although the request says not to")


def refusals():
    for text, status, word in (
            (request(["no-such-check"]), 64, "no-such-check"),
            ("nonsense\n", 74, "request"),
            ("{\"checks\":[]}\n", 74, "probe"),
            ("", 74, "ended before"),
            ("x" * 100_000 + "\n", 74, "long"),
    ):
        done = command.start(runner("orin-r36.5"), text)
        lines = lines_of(done.stdout)
        expect(len(lines) == 1 and word in lines[0].get("error", ""),
               f"request {text[:60]!r}: no error with \"{word}\": {done.stdout[:300]}")
        expect(done.returncode == status, f"request {text[:60]!r}: exit status {done.returncode}, not {status}")


def broken_configuration_is_told():
    config = command.program.folder / "config" / "config.json"
    config.write_text("{\n")
    try:
        done = command.start(runner("orin-r36.5"), request())
        expect("config.json" in lines_of(done.stdout)[-1].get("error", ""), f"not told: {done.stdout[:300]}")
    finally:
        config.unlink()


def socket_whose_peer_waits():
    """The daemon may say that it will send no more; it still wants the answer."""
    ours, theirs = socket.socketpair()
    with subprocess.Popen(runner("orin-r36.5"), stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL,
                          env=command.environment()) as process:
        theirs.close()
        ours.sendall(request(probe=False).encode())
        ours.shutdown(socket.SHUT_WR)
        ours.settimeout(TIME_LIMIT)
        answer = b""
        while part := ours.recv(65536):
            answer += part
        expect("report" in lines_of(answer.decode())[-1], f"no report: {answer[-300:]}")
        expect(process.wait(TIME_LIMIT) == 0, f"exit status {process.returncode}")


def peer_that_leaves():
    """In the middle of a pause of a minute; who waits for the whole of it fails by its time limit."""
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(runner("orin-r36.5-broken"), stdin=theirs, stdout=theirs, stderr=subprocess.PIPE,
                               env=command.environment(), text=True)
    theirs.close()
    try:
        ours.sendall(request(probe=False, settle=[60_000] * 8).encode())
        ours.settimeout(TIME_LIMIT)
        ours.recv(1)
        ours.close()
        try:
            _, errors = process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            raise Failed("did not end although nobody listens") from None
        expect(process.returncode == 0 and not errors, f"exit status {process.returncode}: {errors}")
    finally:
        process.kill()
        process.wait()


try:
    status = run_cases([(case.__name__.replace("_", " "), case) for case in (
        healthy_board, sick_board_is_no_failure_of_the_runner, settling, some_checks, with_a_driver, refusals,
        broken_configuration_is_told, socket_whose_peer_waits, peer_that_leaves)])
finally:
    command.close()
sys.exit(status)
