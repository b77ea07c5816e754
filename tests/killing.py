"""Kill the command line (SIGKILL) before file operations or at random times.

    python tests/killing.py each|random SEED KILLS FOLDER -- COMMAND ...

FOLDER must be new; it is the command's --out. A child process runs the command and is
killed, and the same command is run again until it ends. Then the bytes of its files are
compared with those of a run that was not killed. The child is forked, so that it need
not import the package again. The output is a line of JSON; the exit status is 1 if the
bytes differ or the command could not be resumed. With $UNDRAWN `train` draws no figures
and no report, which take most of its time.
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

import npdiffpool.cli.train
from npdiffpool.cli.main import main
from npdiffpool.runs import checkpoints

WATCHED = "open os.rename os.remove os.mkdir os.rmdir os.chmod fcntl.lockf".split()
DIFFERS = {"seconds.json"}  # the time that each job took


def run(command, folder, kill_before=None, kill_after=None):
    """Run a command in a child process.

    Returns its exit status (-9 if it was killed), the number of its file operations,
    and the seconds that it took.
    """
    read_end, write_end = os.pipe()
    start = time.monotonic()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        _in_child(command, folder, kill_before, write_end)
    os.close(write_end)
    timer = threading.Timer(kill_after or 0, _kill, [child])
    if kill_after is not None:
        timer.start()
    with os.fdopen(read_end) as pipe:
        operations = len(pipe.read())  # one letter each
    timer.cancel()  # before another process can get this id
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), operations, time.monotonic() - start


def _kill(child):
    os.kill(child, signal.SIGKILL)  # it exists, perhaps as a zombie


def _in_child(command, folder, kill_before, pipe):
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    checkpoints.SECONDS = 0.0  # save every epoch
    if "UNDRAWN" in os.environ:
        npdiffpool.cli.train.draw = lambda *arguments: None
    count = itertools.count(1)

    def watch(event, arguments):
        if event in WATCHED and any(str(folder) in str(part) for part in arguments):
            if next(count) == kill_before:
                os.kill(os.getpid(), signal.SIGKILL)
            os.write(pipe, b".")

    sys.addaudithook(watch)
    os._exit(main(command))


def contents(folder):
    """Return the bytes of every file, except those that contain times."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in paths
        if path.name not in DIFFERS
    }


def differences(files, others):
    """Return the names of the files that differ or exist only once."""
    names = sorted(files.keys() | others.keys())
    return [name for name in names if files.get(name) != others.get(name)]


def kill_each(command, folder, rng, kills):
    """Kill before each file operation, or before `kills` of them, in new folders."""
    _, operations, _ = run(command, folder)
    expected, points = contents(folder), list(range(1, operations + 1))
    if kills < len(points):
        points = sorted(rng.sample(points, kills))
    for point in points:
        shutil.rmtree(folder)
        status, _, _ = run(command, folder, kill_before=point)
        again, _, _ = run(command, folder)
        differing = differences(expected, contents(folder))
        if status != -9 or again != 0 or differing:
            return {"failed": point, "statuses": [status, again], "in": differing}
    return {"kills": len(points), "operations": operations, "files": len(expected)}


def kill_at_random(command, folder, rng, kills):
    """Kill after random times, in one folder until the run ends, then in another."""
    _, _, seconds = run(command, folder)
    expected, done, chains = contents(folder), 0, 0
    while done < kills:
        shutil.rmtree(folder)
        status = -9
        while status == -9:
            last = done >= kills
            after = None if last else rng.uniform(0, 1.2 * seconds)
            status, _, _ = run(command, folder, kill_after=after)
            done += status == -9
        chains += 1
        differing = differences(expected, contents(folder))
        if status != 0 or differing:
            return {"failed": done, "statuses": [status], "in": differing}
    return {"kills": done, "chains": chains, "files": len(expected)}


def killed(how, kills, command, folder, **environment):
    """Run this program; return its output for a command killed `kills` times."""
    arguments = [sys.executable, __file__, how, "0", str(kills), folder, "--", *command]
    options = {"env": os.environ | environment, "stdout": subprocess.PIPE}
    return json.loads(subprocess.run(arguments, **options).stdout)


if __name__ == "__main__":
    mode, seed, kills, folder = sys.argv[1:5]
    kill = {"each": kill_each, "random": kill_at_random}[mode]
    if Path(folder).exists():
        sys.exit(f"{folder} exists")
    command = [*sys.argv[6:], "--out", folder]
    result = kill(command, Path(folder), random.Random(int(seed)), int(kills))
    print(json.dumps(result))
    sys.exit("failed" in result)
