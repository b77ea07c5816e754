"""Memory and open files of a long training, which must not grow.

    python benchmarks/longrun.py --epochs 2000

`npdiffpool train` runs in a separate process, with checkpoints, snapshots, figures and
report. Its resident memory and its open files are read from /proc once a second and
shown in longrun.md and longrun.png. Growth is that of a straight line fitted to the
samples after the first quarter.
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
    """Return the resident memory of a process in MiB and its number of open files."""
    place = Path(f"/proc/{pid}")
    lines = (place / "status").read_text().splitlines()
    kilobytes = next(line.split()[1] for line in lines if line.startswith("VmRSS"))
    return int(kilobytes) / 1024, len(list((place / "fd").iterdir()))


def watch(epochs, folder):
    """Train, and return seconds, MiB and open files, sampled once a second."""
    command = [sys.executable, "-m", "npdiffpool", "train", "--epochs", str(epochs)]
    given = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    samples, start = [], time.monotonic()
    with subprocess.Popen([*command, "--out", folder], **given) as training:
        while not (folder / "checkpoint.npz").exists() and training.poll() is None:
            time.sleep(0.1)  # training has not begun
        while not (folder / "history.csv").exists() and training.poll() is None:
            samples.append((time.monotonic() - start, *sample(training.pid)))
            time.sleep(1)
    if training.returncode:
        raise SystemExit(f"the training failed, exit status {training.returncode}")
    return np.array(samples).T


def growth(seconds, values):
    """Return the growth of a straight line from the first quarter to the end."""
    late = seconds > seconds[-1] / 4
    slope, _ = np.polyfit(seconds[late], values[late], 1)
    return slope * (seconds[-1] - seconds[late][0])


def write(epochs, seconds, memory, files):
    """Write longrun.md and longrun.png."""
    figure = Figure(figsize=(8, 3), layout="constrained")
    axes = figure.subplots()
    passed = np.linspace(0, epochs, len(seconds))  # all epochs take equally long
    axes.plot(passed, memory)
    axes.set(xlabel="epoch", ylabel="resident memory, MiB", ylim=(0, None))
    figure.savefig(HERE / "longrun.png", dpi=150)
    added = growth(seconds, memory)
    eighths = np.linspace(0, len(memory) - 1, 9).astype(int)
    shown = ", ".join(f"{memory[i]:.1f}" for i in eighths)
    text = f"""# A long training

    python benchmarks/longrun.py --epochs {epochs}

- MUTAG, {epochs} epochs, {seconds[-1]:.0f} s, {len(seconds)} samples.
- Resident memory in MiB, at every eighth of the training: {shown}.
- Growth of a straight line from the first quarter to the end: {added:.2f} MiB.
- Open files: {files.min():.0f} to {files.max():.0f}.

The history grows: it has one row per epoch and is written into each checkpoint.
`tests/runs/test_long_runs.py` tests that nothing else grows.

![Memory over epochs](longrun.png)
"""
    (HERE / "longrun.md").write_text(text)
    print(text)


def main():
    """Train, sample and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=2000)
    epochs = parser.parse_args().epochs
    with tempfile.TemporaryDirectory() as folder:
        write(epochs, *watch(epochs, Path(folder) / "run"))


if __name__ == "__main__":
    main()
