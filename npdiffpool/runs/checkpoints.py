"""A training that was stopped and goes on: its state as one file, checkpoint.npz.

It holds all that the next epoch depends on, so that what follows is, to the byte, what
would have followed; and the settings, so that it goes on with no others.
"""

from __future__ import annotations

import json
import time
from os import PathLike
from pathlib import Path
from typing import Any, Mapping

import numpy as np

from npdiffpool._support.atomic_files import save_arrays
from npdiffpool._support.untrusted import MAX_ARRAYS, parse_json, read_arrays
from npdiffpool.engine.config import Config
from npdiffpool.engine.model import blank_params
from npdiffpool.estimators.model_file import (
    UNREADABLE,
    fill,
    require_variances,
)
from npdiffpool.estimators.stored_model import vector_of
from npdiffpool.evaluation.job_folder import differences
from npdiffpool.runs.snapshot_file import from_arrays, to_arrays
from npdiffpool.runs.snapshots import MEASURES, Recorder, Snapshots
from npdiffpool.training.adam import AdamState
from npdiffpool.training.fit import Checkpoint, Fitted
from npdiffpool.training.moments import init_running

VERSION = 1
SECONDS = 10.0  # between two saves
ROW = {"epoch", "loss", "cross_entropy", "link_loss", "entropy_loss"}
ROW |= {"train_accuracy", "validation_loss", "validation_accuracy"}


class CheckpointError(ValueError):
    """Say why a training cannot go on from a file."""


class Saver:
    """Save a training's state now and then: give it as `on_checkpoint` to `fit`.

    Parameters
    ----------
    path : path
        Of the file, written whole or not at all.
    settings : dict
        What decides the training, as JSON.
    recorder : Recorder
        What it has seen is saved with the state.
    state : Checkpoint, optional
        The state that the file has, where training goes on from it.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        settings: Mapping[str, Any],
        recorder: Recorder,
        state: Checkpoint | None = None,
    ) -> None:
        self.path, self.settings, self.recorder = Path(path), settings, recorder
        self.state, self._saved = state, state
        self._next = -np.inf

    def __call__(self, state: Checkpoint) -> None:
        """Take the state after an epoch, and save it if it is time."""
        self.state = state
        if time.monotonic() >= self._next:
            self.save()

    def save(self) -> None:
        """Save the latest state, if it is not saved yet."""
        if self.state is not None and self.state is not self._saved:
            write_checkpoint(self.path, self.settings, self.state, self.recorder)
            self._saved, self._next = self.state, time.monotonic() + SECONDS


def write_checkpoint(
    path: str | PathLike[str],
    settings: Mapping[str, Any],
    state: Checkpoint,
    recorder: Recorder,
) -> None:
    """Write the state after an epoch, whole or not at all."""
    assert state.best is not None  # an epoch has been done
    header = {
        "version": VERSION,
        "settings": settings,
        "epoch": state.epoch,
        "adam_step": state.adam.step,
        "rng_state": state.rng_state,
        "history": state.history,
        "best_epoch": state.best.best_epoch,
    }
    arrays = {
        "vector": state.vector,
        "adam_mean": state.adam.mean,
        "adam_square": state.adam.square,
        "running": vector_of(state.running),
        "best": vector_of(state.best.params),
        "best_running": vector_of(state.best.running),
    }
    # Ctrl-C may come after the recorder's look at an epoch and before its state.
    snapshots = to_arrays(recorder.snapshots(state.epoch))
    seen = {f"seen/{k}": v for k, v in snapshots.items()}
    save_arrays(path, {"header": np.array(json.dumps(header)), **arrays, **seen})


def read_checkpoint(
    path: str | PathLike[str],
    settings: Mapping[str, Any],
    config: Config,
    recorder: Recorder,
) -> Checkpoint:
    """Read the state that a training goes on from; the recorder gets what it had seen.

    Raises
    ------
    CheckpointError
        If the file is damaged, or of other settings: then the error names them.
    """
    try:
        arrays = read_arrays(path, 4 * MAX_ARRAYS)  # four times the weights of a model
        header = parse_json(str(arrays["header"]))
        _require_version(header["version"])
        _require_same(header["settings"], settings)
        seen = {k[5:]: v for k, v in arrays.items() if k.startswith("seen/")}
        state = _state(header, arrays, config)
        snapshots = from_arrays(seen)
        _require_seen(snapshots, config, state.epoch)
        recorder.restore(snapshots)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None
    except UNREADABLE as error:
        raise CheckpointError(f"{path}: not a readable checkpoint ({error})") from None
    return state


def _require_version(seen: Any) -> None:
    if seen != VERSION:
        is_newer = isinstance(seen, int) and seen > VERSION
        hint = ", of a newer npdiffpool" if is_newer else ""
        raise ValueError(f"version must be {VERSION}; got {seen!r}{hint}")


def _require_same(known: Any, settings: Mapping[str, Any]) -> None:
    here = json.loads(json.dumps(settings))
    if known != here:
        what = differences(known, here)
        raise CheckpointError(f"is of other settings; what differs: {what}")


def _require_history(history: Any, epoch: Any, best_epoch: Any) -> None:
    """Require a row an epoch, and the best among them."""
    is_rows = isinstance(history, list) and all(isinstance(r, dict) for r in history)
    if not (is_rows and isinstance(epoch, int) and len(history) == epoch >= 1):
        raise ValueError(f"history must have a row for each of {epoch!r} epochs")
    if not (isinstance(best_epoch, int) and 1 <= best_epoch <= epoch):
        raise ValueError(f"best_epoch must be of 1 to {epoch}; got {best_epoch!r}")
    for row in history:
        are_numbers = all(isinstance(value, (int, float)) for value in row.values())
        if (
            set(row) != ROW
            or not are_numbers
            or not np.all(np.isfinite([*row.values()]))
        ):
            raise ValueError(f"each row of the history must have {sorted(ROW)}")


def _require_seen(seen: Snapshots, config: Config, epoch: int) -> None:
    """Require snapshots of this training, up to this epoch."""
    rising = [0, *seen.epochs.tolist(), epoch + 1]
    if sorted(set(rising)) != rising:
        raise ValueError(f"seen must be epochs of 1 to {epoch}; got {rising[1:-1]}")
    widths = [(config.n_outputs, *config.clusters)]
    for graph in seen.graphs:
        clusters = (pooling.mass.shape[1] for pooling in graph.poolings)
        widths.append((graph.probabilities.shape[1], *clusters))
    if len(set(widths)) > 1:
        raise ValueError(f"seen must have clusters {config.clusters} and the classes")
    if set(seen.measures) != set(MEASURES if config.clusters else ()):
        raise ValueError(f"seen must have measured {', '.join(MEASURES)}")


def _state(header: Any, arrays: Mapping[str, Any], config: Config) -> Checkpoint:
    params = blank_params(config)
    running = init_running(config)
    vector, mean, square = (
        vector_of(fill(name, params, arrays))
        for name in ("vector", "adam_mean", "adam_square")
    )
    latest, best_running = running, running
    if config.batch_norm:
        latest = fill("running", running, arrays)
        best_running = fill("best_running", running, arrays)
        require_variances("running", latest)
        require_variances("running", best_running)
    history = header["history"]
    _require_history(history, header["epoch"], header["best_epoch"])
    np.random.default_rng().bit_generator.state = header["rng_state"]  # checks it
    step = header["adam_step"]
    if not isinstance(step, int) or not 0 <= step < 1 << 53:
        raise ValueError(f"adam_step must be a number; got {step!r}")
    if np.any(square < 0):
        raise ValueError("adam_square must be at least 0; it is not")
    kept = fill("best", params, arrays), best_running, history, header["best_epoch"]
    adam = AdamState(step, mean, square)
    rng_state, epoch = header["rng_state"], header["epoch"]
    return Checkpoint(epoch, vector, latest, adam, rng_state, history, Fitted(*kept))
