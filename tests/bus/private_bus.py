"""A system bus of our own, with the project's policy file, and the real daemon on it.

The bus is a real dbus-daemon of type system with the rules of the machine's own system.conf; so who may own a name and
who may call is decided as on a board. Where the tests run as root, the daemon runs as another user and callers come as
a third; else all are one user, and what needs root is skipped, loudly.
"""

import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import dbus
import dbus.bus
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

SOURCE = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(SOURCE / "tests" / "boards"), str(SOURCE / "tests" / "drivers")]
import make_board  # noqa: E402
import simulated_driver  # noqa: E402

NAME = "io.jetcuda.Check1"
PATH = "/io/jetcuda/Check1"
MANAGER = "io.jetcuda.Check1.Manager"
CHECK = "io.jetcuda.Check1.Check"
RUN = "io.jetcuda.Check1.Run"
PROPERTIES = "org.freedesktop.DBus.Properties"

IS_ROOT = os.geteuid() == 0
PATIENCE = 40  # seconds until a test gives up; nothing waits that long unless it fails

DBusGMainLoop(set_as_default=True)


def service_user():
    """The daemon's user: as installed where it exists, else a stand-in that the policy under test names instead."""
    if not IS_ROOT:
        return pwd.getpwuid(os.geteuid()).pw_name
    try:
        return pwd.getpwnam("jetcuda-check").pw_name
    except KeyError:
        return "nobody"


def someone():
    """A user who is neither root nor the daemon's."""
    return "daemon" if IS_ROOT else service_user()


def as_user(name):
    """Arguments of subprocess that run a program as this user, where we may."""
    if not IS_ROOT or name == "root":
        return {}
    user = pwd.getpwnam(name)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def until(condition, what, limit=PATIENCE):
    """Runs the main loop until the condition holds, and answers what it answered."""
    context = GLib.MainContext.default()
    end = time.monotonic() + limit
    while True:
        while context.iteration(False):
            pass
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {limit} s: {what() if callable(what) else what}")
        time.sleep(0.01)


class Bus:
    """dbus-daemon in a folder of its own."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="jetcuda-bus-"))
        self.folder.chmod(0o755)  # others have to reach the socket
        self.address = f"unix:path={self.folder}/bus"
        self._write_configuration()
        self.process = subprocess.Popen(
            ["dbus-daemon", f"--config-file={self.folder}/bus.conf", "--nofork", "--nopidfile", "--print-address"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if not self.process.stdout.readline():
            raise AssertionError("dbus-daemon did not start; is the package dbus-daemon installed?")

    def _write_configuration(self):
        policies = self.folder / "policies"
        policies.mkdir()
        policy = (SOURCE / "systemd" / "io.jetcuda.Check1.conf").read_text()
        (policies / "io.jetcuda.Check1.conf").write_text(
            policy.replace('<policy user="jetcuda-check">', f'<policy user="{service_user()}">'))
        stock = ElementTree.parse("/usr/share/dbus-1/system.conf").getroot()
        kept = [ElementTree.tostring(element, encoding="unicode") for element in stock if element.tag == "policy"]
        (self.folder / "bus.conf").write_text(
            "<busconfig><type>system</type><auth>EXTERNAL</auth>"
            f"<listen>{self.address}</listen>{''.join(kept)}<includedir>{policies}</includedir></busconfig>")

    def connect(self):
        return dbus.bus.BusConnection(self.address)

    def stop(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        self.stop()
        self.process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Notifications:
    """What the daemon tells systemd. The socket is drained at once: a full one would block the daemon."""

    def __init__(self, path):
        self.path = str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        os.chmod(self.path, 0o666)
        self.lines = []
        self.thread = threading.Thread(target=self._drain, daemon=True)
        self.thread.start()

    def _drain(self):
        while True:
            try:
                data = self.socket.recv(65536)
            except OSError:
                return
            if data == b"end":
                return
            self.lines.extend(data.decode().splitlines())

    def statuses(self):
        return [line[len("STATUS="):] for line in self.lines if line.startswith("STATUS=")]

    def status(self):
        return (self.statuses() or [""])[-1]

    def close(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"end", self.path)
        self.thread.join()
        self.socket.close()


class Programs:
    """The built programs and a board, copied where every user may read them."""

    def __init__(self, binaries, simulated, client):
        self.folder = Path(tempfile.mkdtemp(prefix="jetcuda-programs-"))
        self.folder.chmod(0o755)
        for name in ("jetcuda-checkd", "jetcuda-check", "jetcuda-probe"):
            shutil.copy2(Path(binaries) / name, self.folder / name)
            (self.folder / name).chmod(0o755)
        self.client = self.folder / "use-client"
        shutil.copy2(client, self.client)
        shutil.copytree(SOURCE / "config" / "data", self.folder / "data")
        (self.folder / "config").mkdir()
        simulated_driver.lay_out(self.folder / "driver", Path(simulated), {}, make_board.load("orin-r36.5")).unlink()
        shutil.copy2(simulated, self.folder / "driver" / "libcuda.so.1")
        self.settings = self.folder / "driver" / "simulated_driver.json"
        self.simulate()
        shutil.copy2(Path(__file__).parent / "fake_runner.py", self.folder / "fake_runner.py")
        subprocess.run(["/usr/bin/python3", SOURCE / "tests" / "boards" / "make_board.py", "orin-r36.5",
                        self.folder / "board"], check=True, stdout=subprocess.DEVNULL)
        self.folder.joinpath("board").chmod(0o755)
        self.runner = self._script("runner", f'exec "{self.folder}/jetcuda-check" {self._arguments()} "$@"')
        self.fake = self._script("fake", f'exec /usr/bin/python3 "{self.folder}/fake_runner.py" "{self.folder}" "$@"')
        subprocess.run(["chmod", "-R", "a+rX", str(self.folder)], check=True)
        self._reports = {}
        self.scratch = self.folder / "scratch"  # where a fake runner may write
        self.scratch.mkdir()
        self.scratch.chmod(0o777)

    def _arguments(self):
        return (f'--root "{self.folder}/board" --driver "{self.folder}/driver/libcuda.so.1" '
                f'--data "{self.folder}/data" --config "{self.folder}/config"')

    def _script(self, name, line):
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)
        return path

    def simulate(self, faults=()):
        self.settings.write_text(json.dumps({"board": "orin", "driver_version": 12060, "faults": list(faults)}))
        self.settings.chmod(0o644)

    def play(self, *steps):
        """What the fake runner does from now on; see fake_runner.py."""
        fresh = self.folder / "play.json.new"
        fresh.write_text(json.dumps(list(steps)))
        fresh.chmod(0o644)
        fresh.rename(self.folder / "play.json")

    def report(self, probe=True, **changes):
        """A report of the whole program on the board, made with the simulated driver, with changes to its keys."""
        if probe not in self._reports:
            request = json.dumps({"checks": [], "probe": probe, "settle_ms": []}) + "\n"
            done = subprocess.run([self.runner, "run", "--json", "--request=-"], input=request, stdout=subprocess.PIPE,
                                  text=True, check=True)
            self._reports[probe] = done.stdout.splitlines()[-1]
        return {**json.loads(self._reports[probe])["report"], **changes}

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Daemon:
    """jetcuda-checkd on a bus, as systemd would start it, with a client's connection."""

    def __init__(self, bus, programs, runner=None, state=None, options=(), environment=None, wait=True):
        self.bus = bus
        self.folder = Path(tempfile.mkdtemp(prefix="state-", dir=bus.folder))
        self.folder.chmod(0o755)
        self.state = state or self.folder / "state"
        self.state.mkdir(exist_ok=True)
        if IS_ROOT:
            shutil.chown(self.state, service_user())
        self.notifications = Notifications(self.folder / "notify")
        self.errors = open(self.folder / "errors", "w+")
        command = [programs.folder / "jetcuda-checkd", f"--state-dir={self.state}", f"--config={programs.folder}/config",
                   "--settle-ms=", *options]
        if not any(option.startswith("--runner") for option in options):
            command.append(f"--runner={runner or programs.fake}")
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stderr=self.errors,
            env={"PATH": "/usr/bin:/bin", "DBUS_SYSTEM_BUS_ADDRESS": bus.address,
                 "NOTIFY_SOCKET": self.notifications.path,
                 **{key: value for key, value in os.environ.items() if key.endswith("SAN_OPTIONS")},
                 **(environment or {})}, **as_user(service_user()))
        if wait:
            until(lambda: "READY=1" in self.notifications.lines or self.process.poll() is not None, "READY=1")
            if self.process.poll() is not None:
                raise AssertionError(f"the daemon ended with {self.process.returncode}: {self.log()}")
            self.connection = bus.connect()
            self.signals = []
            self.connection.add_signal_receiver(self._record, bus_name=NAME, interface_keyword="interface",
                                                member_keyword="member", path_keyword="path")

    def _record(self, *arguments, interface=None, member=None, path=None):
        self.signals.append((path, interface, member, arguments))

    def log(self):
        self.errors.flush()
        return Path(self.errors.name).read_text()

    def object(self, path=PATH):
        return self.connection.get_object(NAME, path, introspect=False)

    def until_status(self, pattern):
        """Waits until systemd is told a status that matches. It reads at its own pace, so the newest may be on its way."""
        until(lambda: re.search(pattern, self.notifications.status()),
              lambda: f"a status that matches {pattern!r}; it is {self.notifications.status()!r}")

    def call(self, method, *arguments, path=PATH, interface=MANAGER, signature=None):
        return self.object(path).get_dbus_method(method, interface)(*arguments, signature=signature)

    def start_run(self, checks=(), **options):
        return self.call("StartRun", dbus.Array(checks, "s"), dbus.Dictionary(options, "sv"), signature="asa{sv}")

    def wait_for_end(self, run):
        """Waits as a patient client does: by the state, so that no reply is held up."""
        until(lambda: self.get("State", path=run, interface=RUN) not in ("queued", "running"), f"the end of {run}")

    def get(self, name, path=PATH, interface=MANAGER):
        return self.object(path).Get(interface, name, dbus_interface=PROPERTIES)

    def get_all(self, path=PATH, interface=MANAGER):
        return self.object(path).GetAll(interface, dbus_interface=PROPERTIES)

    def describe(self):
        return json.loads(self.call("Describe"))

    def wait_for_report(self, sequence=1):
        return until(lambda: self.get("ReportSequence") >= sequence and self.describe(), f"report {sequence}")

    def wait_until_idle(self):
        until(lambda: self.get("CurrentRun") == "/", "no run")

    def changes_of(self, path, interface):
        """Every PropertiesChanged of an object, as one {name: value} each."""
        return [arguments[1] for at, of, member, arguments in self.signals
                if at == path and member == "PropertiesChanged" and arguments[0] == interface]

    def members(self, member):
        return [arguments for _, _, name, arguments in self.signals if name == member]

    def error_of(self, call):
        """The name of the error that a call is answered with."""
        try:
            call()
        except dbus.DBusException as error:
            return error.get_dbus_name()
        raise AssertionError("the call was answered without an error")

    def call_as(self, user, method, *arguments, signature="", path=PATH, interface=MANAGER):
        """The answer or the error's name that another user gets, from a process of his own."""
        done = subprocess.run(
            ["/usr/bin/python3", "-c", CALL, self.bus.address, path, interface, method, signature,
             json.dumps(arguments)], stdout=subprocess.PIPE, text=True, timeout=PATIENCE, cwd="/", **as_user(user))
        return json.loads(done.stdout)

    def end(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(PATIENCE)

    def close(self):
        self.end(signal.SIGKILL)
        if hasattr(self, "connection"):
            self.connection.close()
        self.notifications.close()
        self.errors.close()


CALL = """
import json, sys, dbus.bus
address, path, interface, method, signature, arguments = sys.argv[1:]
arguments = json.loads(arguments)
bus = dbus.bus.BusConnection(address)
try:
    if method == "RequestName":
        answer = bus.request_name("io.jetcuda.Check1")
    else:
        if signature == "asa{sv}":
            arguments = [dbus.Array(arguments[0], "s"), dbus.Dictionary(arguments[1], "sv")]
        answer = bus.get_object("io.jetcuda.Check1", path, introspect=False).get_dbus_method(method, interface)(
            *arguments, signature=signature)
    print(json.dumps({"answer": answer}))
except dbus.DBusException as error:
    print(json.dumps({"error": error.get_dbus_name(), "text": error.get_dbus_message()}))
"""


def fail_for_missing(program):
    if not shutil.which(program):
        sys.exit(f"{program} is missing; the tests of the bus need it")
