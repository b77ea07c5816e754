"""Memory and open files of a long training, which must not grow.

    python benchmarks/longrun.py --epochs 2000

`npdiffpool train` runs as a process of its own, as a user has it run: checkpoints,
snapshots, figures, report. Once a second its resident memory and its open files are
read from /proc. longrun.md and longrun.png show them; growth is that of a straight line
through the samples after the first quarter.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

HERE = Path(__file__).parent


def sample(pid):
    """Return a process's resident memory, in MB, and how many files it has open."""
    place = Path(f"/proc/{pid}")
    lines = (place / "status").read_text().splitlines()
    kilobytes = next(line.split()[1] for line in lines if line.startswith("VmRSS"))
    return int(kilobytes) / 1024, len(list((place / "fd").iterdir()))


def watch(epochs, folder):
    """Train; return seconds, MB and open files, each once a second, while it trains."""
    command = [sys.executable, "-m", "npdiffpool", "train", "--epochs", str(epochs)]
    given = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    samples, start = [], time.monotonic()
    with subprocess.Popen([*command, "--out", folder], **given) as training:
        while not (folder / "checkpoint.npz").exists():  # it has begun
            time.sleep(0.1)
        while not (folder / "history.csv").exists() and training.poll() is None:
            samples.append((time.monotonic() - start, *sample(training.pid)))
            time.sleep(1)
    assert training.returncode == 0, "the training has failed"
    return np.array(samples).T


def growth(seconds, values):
    """Return what a straight line adds from the first quarter to the end."""
    late = seconds > seconds[-1] / 4
    slope, _ = np.polyfit(seconds[late], values[late], 1)
    return slope * (seconds[-1] - seconds[late][0])


def write(epochs, seconds, memory, files):
    """Write the page and the picture."""
    figure = Figure(figsize=(8, 3), layout="constrained")
    axes = figure.subplots()
    passed = np.linspace(0, epochs, len(seconds))  # an epoch takes as long as the next
    axes.plot(passed, memory)
    axes.set(xlabel="epoch", ylabel="resident memory, MB", ylim=(0, None))
    figure.savefig(HERE / "longrun.png", dpi=150)
    added = growth(seconds, memory)
    eighths = np.linspace(0, len(memory) - 1, 9).astype(int)
    shown = ", ".join(f"{memory[i]:.1f}" for i in eighths)
    text = f"""# A long training

    python benchmarks/longrun.py --epochs {epochs}

MUTAG, {epochs} epochs, {seconds[-1]:.0f} s, sampled {len(seconds)} times.
Resident memory at each eighth of the way, in MB: {shown}.
From the first quarter to the end it grew by {added:.2f} MB (a straight line).
Open files: {files.min():.0f} to {files.max():.0f}.
What grows is the history, a row an epoch, written anew into each checkpoint;
`tests/runs/test_long_runs.py` holds that nothing else does.

![Memory over epochs](longrun.png)
"""
    (HERE / "longrun.md").write_text(text)
    print(text)


def main():
    """Train, watch, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=2000)
    epochs = parser.parse_args().epochs
    with tempfile.TemporaryDirectory() as folder:
        write(epochs, *watch(epochs, Path(folder) / "run"))


if __name__ == "__main__":
    main()
