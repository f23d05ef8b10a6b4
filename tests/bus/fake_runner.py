"""A runner that does what a test tells it: `fake_runner.py FOLDER run --json --request=-` plays the steps of
FOLDER/play.json, each a list of a word and its argument.

    ["request", file]: writes the request there
    ["progress", text]   ["report", {…}]   ["error", text]   ["say", line]   ["flood", bytes]
    ["sleep", seconds]   ["wait", file]: until it exists       ["touch", file]
    ["signal", number]: sent to itself      ["leave", status]  ["orphan", file]: leaves a sleeper that leads a group of
    its own, its process id in the file     ["deaf"]: ignores SIGTERM from here on
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

folder = Path(sys.argv[1])
assert sys.argv[2:] == ["run", "--json", "--request=-"], sys.argv
request = json.loads(sys.stdin.readline())


def say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


for step in json.loads((folder / "play.json").read_text()):
    word, argument = step[0], (step[1] if len(step) > 1 else None)
    if word in ("progress", "report", "error"):
        say(json.dumps({word: argument}))
    elif word == "request":
        Path(argument).write_text(json.dumps(request))
    elif word == "say":
        say(argument)
    elif word == "flood":
        piece = "x" * 65536
        for _ in range(argument // len(piece)):
            sys.stdout.write(piece)
        sys.stdout.flush()
    elif word == "sleep":
        time.sleep(argument)
    elif word == "wait":
        while not Path(argument).exists():
            time.sleep(0.01)
    elif word == "touch":
        Path(argument).touch()
    elif word == "signal":
        os.kill(os.getpid(), argument)
    elif word == "leave":
        sys.exit(argument)
    elif word == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    elif word == "orphan":
        sleeper = subprocess.Popen(["sleep", "1000"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   start_new_session=True)
        Path(argument).write_text(str(sleeper.pid))
    else:
        raise ValueError(word)
