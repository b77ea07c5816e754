"""Kill the command line, SIGKILL, at every file operation or at random times.

    python tests/killing.py each|random SEED KILLS FOLDER -- COMMAND ...

FOLDER, new, is the command's --out. A child process, forked so that nothing need be
imported again, is killed and the same command run again, until it ends; then the bytes
of its files are compared with those of a run that nothing disturbed. A line of JSON
tells what was done; the status is 1 if a run ended in other bytes, or did not go on.
With $UNDRAWN `train` draws no figures and no report, which take most of its time.
"""

import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import npdiffpool.runs.train
from npdiffpool.cli.main import main
from npdiffpool.runs import checkpoints

WATCHED = "open os.rename os.remove os.mkdir os.rmdir os.chmod fcntl.lockf".split()
DIFFERS = {"seconds.json"}  # says how long it took


def run(command, folder, kill_before=None, kill_after=None):
    """Run a command in a child; return its status (-9: killed), operations, seconds."""
    seen, told = os.pipe()
    start = time.monotonic()
    child = os.fork()
    if child == 0:
        os.close(seen)
        _in_child(command, folder, kill_before, told)
    os.close(told)
    timer = threading.Timer(kill_after or 0, _kill, [child])
    if kill_after is not None:
        timer.start()
    with os.fdopen(seen) as pipe:
        operations = len(pipe.read())  # a letter each
    timer.cancel()  # before another process can have this number
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), operations, time.monotonic() - start


def _kill(child):
    os.kill(child, signal.SIGKILL)  # it is there, if only as a zombie


def _in_child(command, folder, kill_before, told):
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    checkpoints.SECONDS = 0.0  # each epoch is kept
    if "UNDRAWN" in os.environ:
        npdiffpool.runs.train._draw = lambda *given: None
    count = itertools.count(1)

    def watch(event, arguments):
        if event in WATCHED and any(str(folder) in str(part) for part in arguments):
            if next(count) == kill_before:
                os.kill(os.getpid(), signal.SIGKILL)
            os.write(told, b".")

    sys.addaudithook(watch)
    os._exit(main(command))


def contents(folder):
    """Return the bytes of every file, but for those that tell of time."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in paths
        if path.name not in DIFFERS
    }


def differences(files, others):
    """Name the files that differ, or are in one of the two alone."""
    names = sorted(files.keys() | others.keys())
    return [name for name in names if files.get(name) != others.get(name)]


def kill_each(command, folder, rng, kills):
    """Kill before file operations, all or so many of them, each in a new folder."""
    _, operations, _ = run(command, folder)
    undisturbed, points = contents(folder), list(range(1, operations + 1))
    if kills < len(points):
        points = sorted(rng.sample(points, kills))
    for point in points:
        shutil.rmtree(folder)
        status, _, _ = run(command, folder, kill_before=point)
        again, _, _ = run(command, folder)
        differing = differences(undisturbed, contents(folder))
        if status != -9 or again != 0 or differing:
            return {"failed": point, "statuses": [status, again], "in": differing}
    return {"kills": len(points), "operations": operations, "files": len(undisturbed)}


def kill_at_random(command, folder, rng, kills):
    """Kill after random times, again and again in one folder until a run ends."""
    _, _, seconds = run(command, folder)
    undisturbed, done, chains = contents(folder), 0, 0
    while done < kills:
        shutil.rmtree(folder)
        status = -9
        while status == -9:
            last = done >= kills
            after = None if last else rng.uniform(0, 1.2 * seconds)
            status, _, _ = run(command, folder, kill_after=after)
            done += status == -9
        chains += 1
        differing = differences(undisturbed, contents(folder))
        if status != 0 or differing:
            return {"failed": done, "statuses": [status], "in": differing}
    return {"kills": done, "chains": chains, "files": len(undisturbed)}


def killed(how, kills, command, folder, **environment):
    """Run this program; return what it tells of a command killed so many times."""
    arguments = [sys.executable, __file__, how, "0", str(kills), folder, "--", *command]
    given = {"env": os.environ | environment, "stdout": subprocess.PIPE}
    return json.loads(subprocess.run(arguments, **given).stdout)


if __name__ == "__main__":
    mode, seed, kills, folder = sys.argv[1:5]
    kill = {"each": kill_each, "random": kill_at_random}[mode]
    if Path(folder).exists():
        sys.exit(f"{folder} is there already")
    command = [*sys.argv[6:], "--out", folder]
    told = kill(command, Path(folder), random.Random(int(seed)), int(kills))
    print(json.dumps(told))
    sys.exit("failed" in told)
