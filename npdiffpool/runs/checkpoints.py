"""Checkpoints: the state of a training run in one file, from which it can resume.

The file has everything that the next epoch depends on, so the results of a resumed run
are byte-identical to those of an uninterrupted run. It also has the settings, because
a run cannot be resumed with different ones.
"""

from __future__ import annotations

import json
import math
import time
from os import PathLike
from pathlib import Path
from typing import Any, Mapping

import numpy as np

from npdiffpool._support.atomic_files import save_arrays
from npdiffpool._support.progress import reason_of
from npdiffpool._support.settings import complete, describe_differences, to_json
from npdiffpool._support.types import Json
from npdiffpool._support.untrusted import (
    MAX_ARRAYS,
    UNREADABLE,
    parse_json,
    read_arrays,
    require_version,
)
from npdiffpool.engine.config import Config
from npdiffpool.engine.layers import Params
from npdiffpool.engine.model import blank_params
from npdiffpool.estimators.model_file import fill, require_variances
from npdiffpool.estimators.stored_model import vector_of
from npdiffpool.runs.snapshot_file import from_arrays, to_arrays
from npdiffpool.runs.snapshots import MEASURES, Recorder, Snapshots
from npdiffpool.training.adam import AdamState
from npdiffpool.training.fit import Checkpoint, Fitted
from npdiffpool.training.moments import init_running

VERSION = 1
SECONDS = 10.0  # minimal time between two saves
PREFIX = "seen/"  # of the names of the snapshots' arrays
ROW = {"epoch", "loss", "link_loss", "entropy_loss", "validation_loss"}
OF_LOSS = {  # further names in a row of the history
    "cross_entropy": {"cross_entropy", "train_accuracy", "validation_accuracy"},
    "squared_error": {"squared_error"},
}


class CheckpointError(ValueError):
    """The reason why a training run cannot be resumed from a file."""


class Saver:
    """A callback that saves the state of a run: the `on_checkpoint` of `fit`.

    Parameters
    ----------
    path : path
    settings : dict
        Everything that determines the training run, as JSON.
    recorder : Recorder
        Its snapshots are saved with the state.
    """

    def __init__(
        self, path: str | PathLike[str], settings: Json, recorder: Recorder
    ) -> None:
        self.path, self.settings, self.recorder = Path(path), settings, recorder
        self.state: Checkpoint | None = None
        self._saved: Checkpoint | None = None
        self._next = -math.inf

    def load(self, config: Config) -> Checkpoint | None:
        """Return the state in the file, to resume from; None without a file.

        Raises
        ------
        CheckpointError
            If `read_checkpoint` refuses the file.
        """
        if self.path.exists():
            given = self.path, self.settings, config, self.recorder
            self.state = self._saved = read_checkpoint(*given)
        return self.state

    def __call__(self, state: Checkpoint) -> None:
        """Take the state after an epoch; save it if `SECONDS` have passed."""
        self.state = state
        if time.monotonic() >= self._next:
            self.save()

    def save(self) -> None:
        """Save the latest state, unless it has been saved."""
        if self.state is not None and self.state is not self._saved:
            write_checkpoint(self.path, self.settings, self.state, self.recorder)
            self._saved, self._next = self.state, time.monotonic() + SECONDS


def write_checkpoint(
    path: str | PathLike[str], settings: Json, state: Checkpoint, recorder: Recorder
) -> None:
    """Write the state after an epoch, atomically."""
    assert state.best is not None  # there is one after the first epoch
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
        "header": np.array(json.dumps(header)),
        "vector": state.vector,
        "adam_mean": state.adam.mean,
        "adam_square": state.adam.square,
        "running": vector_of(state.running),
        "best": vector_of(state.best.params),
        "best_running": vector_of(state.best.running),
    }
    # After Ctrl-C the recorder can be one epoch ahead of the state.
    snapshots = to_arrays(recorder.snapshots(last=state.epoch))
    save_arrays(path, arrays | {PREFIX + name: v for name, v in snapshots.items()})


def read_checkpoint(
    path: str | PathLike[str], settings: Json, config: Config, recorder: Recorder
) -> Checkpoint:
    """Read the state to resume from; add the saved snapshots to the recorder.

    Raises
    ------
    CheckpointError
        If the file is damaged, or has different settings, which the message names.
    """
    try:
        arrays = read_arrays(path, 4 * MAX_ARRAYS)  # four vectors of parameters
        header = parse_json(str(arrays["header"]))
        require_version(header["version"], VERSION, ValueError)
        _require_same(complete(header["settings"]), to_json(settings))
        _check_header(header, config)
        state = _state(header, arrays, config)
        names = [name for name in arrays if name.startswith(PREFIX)]
        seen = from_arrays({name.removeprefix(PREFIX): arrays[name] for name in names})
        _check_snapshots(seen, config, state.epoch)
        recorder.restore(seen)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None
    except UNREADABLE as error:
        reason = f"not a readable checkpoint ({reason_of(error)})"
        raise CheckpointError(f"{path}: {reason}") from None
    return state


def _require_same(saved: Any, given: Json) -> None:
    listed = describe_differences(saved, given)
    if listed:
        raise CheckpointError(f"the run was started with different settings: {listed}")


def _check_header(header: Any, config: Config) -> None:
    epoch, best, step = (header[k] for k in ("epoch", "best_epoch", "adam_step"))
    history = header["history"]
    names = _names(config)
    is_list = isinstance(history, list) and all(_is_row(row, names) for row in history)
    if not is_list or len(set(map(frozenset, history))) > 1:
        required = f"finite numbers for the same names, {sorted(names)} among them"
        raise ValueError(f"each row of the history must have {required}")
    if not (isinstance(epoch, int) and len(history) == epoch >= 1):
        raise ValueError(f"history must have one row per epoch, {epoch!r} in all")
    if not (isinstance(best, int) and 1 <= best <= epoch):
        raise ValueError(f"best_epoch must be in 1 ... {epoch}; got {best!r}")
    if not (isinstance(step, int) and 0 <= step < 1 << 53):
        raise ValueError(f"adam_step must be in 0 ... 2^53; got {step!r}")
    np.random.default_rng().bit_generator.state = header["rng_state"]  # checks it


def _names(config: Config) -> set[str]:
    """Return the names in a row of the history, without `validation_score`."""
    several = config.loss == "squared_error" and config.n_outputs > 1
    of_each = range(config.n_outputs if several else 0)
    return ROW | OF_LOSS[config.loss] | {f"validation_loss_{j}" for j in of_each}


def _is_row(row: Any, names: set[str]) -> bool:
    values = row.values()
    are_finite = (isinstance(v, (int, float)) and math.isfinite(v) for v in values)
    return set(row) - {"validation_score"} == names and all(are_finite)


def _check_snapshots(seen: Snapshots, config: Config, epoch: int) -> None:
    """Check that snapshots fit the model and end at this epoch at the latest."""
    epochs = seen.epochs.tolist()
    if not epochs or sorted({0, *epochs, epoch + 1}) != [0, *epochs, epoch + 1]:
        raise ValueError(f"snapshots must be of epochs 1 to {epoch}; got {epochs}")
    is_classifier = config.loss == "cross_entropy"
    outputs = "classes" if is_classifier else "targets"
    for graph in seen.graphs:
        clusters = tuple(pooling.mass.shape[1] for pooling in graph.poolings)
        found = graph.probabilities if is_classifier else graph.predicted
        width = None if found is None else found.shape[1]
        if (width, clusters) != (config.n_outputs, config.clusters):
            model = f"{config.n_outputs} {outputs} and clusters {config.clusters}"
            raise ValueError(f"snapshots must match the model, with {model}")
    measures = MEASURES if config.clusters else ()
    if set(seen.measures) != set(measures):
        required = f"the measures {', '.join(measures)}" if measures else "no measures"
        raise ValueError(f"snapshots must have {required}")


def _state(header: Any, arrays: Mapping[str, Any], config: Config) -> Checkpoint:
    params = blank_params(config)

    def vector(name: str) -> Any:
        return vector_of(fill(name, params, arrays))

    def moments(name: str) -> Params:
        running = init_running(config)
        if config.batch_norm:
            running = fill(name, running, arrays)
            require_variances(name, running)
        return running

    adam = AdamState(header["adam_step"], vector("adam_mean"), vector("adam_square"))
    if np.any(adam.square < 0):
        raise ValueError("adam_square must be at least 0; it is not")
    epoch, rng_state, history = (header[k] for k in ("epoch", "rng_state", "history"))
    kept = fill("best", params, arrays), moments("best_running"), history
    best = Fitted(*kept, header["best_epoch"])
    latest = vector("vector"), moments("running")
    return Checkpoint(epoch, *latest, adam, rng_state, history, best)
