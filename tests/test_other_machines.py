"""Results on another BLAS, CPU or number of threads agree within rounding.

Equal bytes are not promised. A "machine" here is a process with OpenBLAS's kernels for
another CPU, without NumPy's vector instructions, or with two threads. If NumPy uses
another BLAS, only the last two differ from this machine.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from machine import CASES, vector_instructions

pytestmark = pytest.mark.slow

SEEDS = 1
NO_VECTORS = {"NPY_DISABLE_CPU_FEATURES": " ".join(vector_instructions())}
# CPUs of 2008 and 2011. Not Haswell: the OpenBLAS 0.3.34 of NumPy 2.5 can crash in a
# matrix product if it is made to use those kernels on another CPU.
KERNELS = ["Nehalem", "Sandybridge"]
MACHINES = {
    "this": {},
    **{name: {"OPENBLAS_CORETYPE": name} for name in KERNELS},
    "no vectors": NO_VECTORS,
    "two threads": {"OPENBLAS_NUM_THREADS": "2"},
}
OTHERS = list(MACHINES)[1:]
# A probability is at most 1. It is computed by sums of up to 384 products; their
# rounding errors have random signs, so they add up to about sqrt(384) = 20 eps, and
# there are a few layers. Measured over 8 seeds: 5.6e-16 and 3.0e-7, about 3 eps.
ROUNDING = {dtype: 64 * np.finfo(dtype).eps for dtype in ("float64", "float32")}


def start(name, folder):
    """Start the process of a machine; it writes NAME.npz."""
    arguments = [folder, folder / f"{name}.npz", SEEDS]
    script = Path(__file__).with_name("machine.py")
    threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    environment = {**os.environ, **threads, **MACHINES[name]}
    command = [sys.executable, str(script), *map(str, arguments)]
    return subprocess.Popen(command, env=environment)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Return the results by machine; this machine writes the models for the others."""
    folder = tmp_path_factory.mktemp("machines")
    assert start("this", folder).wait() == 0
    running = [start(name, folder) for name in OTHERS]
    assert [process.wait() for process in running] == [0] * len(OTHERS)
    return {name: dict(np.load(folder / f"{name}.npz")) for name in MACHINES}


def largest(found, name, what, dtype, batch_norm, epochs=None):
    """Return the largest difference from this machine; for losses, a relative one."""
    differences = []
    for seed in range(SEEDS):
        key = f"{what} {dtype} {batch_norm} {seed}"
        here, there = found["this"][key][:epochs], found[name][key][:epochs]
        scale = here if what == "loss" else 1.0
        differences.append(np.max(np.abs(there - here) / scale))
    return max(differences)


each_machine = pytest.mark.parametrize("name", OTHERS)


@each_machine
@pytest.mark.parametrize("dtype, batch_norm", CASES)
def test_a_saved_model_predicts_the_same_within_rounding(
    found, name, dtype, batch_norm
):
    assert largest(found, name, "saved", dtype, batch_norm) < ROUNDING[dtype]


@each_machine
@pytest.mark.parametrize("batch_norm", [False, True])
def test_training_in_float64_gives_the_same_within_rounding(found, name, batch_norm):
    # Measured over 8 seeds: 2.5e-13 and 5.1e-13. Rounding errors, 1e-16, grow from step
    # to step. A kernel that computes something else would differ by 1e-8 or more.
    assert largest(found, name, "loss", "float64", batch_norm) < 1e-10
    assert largest(found, name, "trained", "float64", batch_norm) < 1e-10


@each_machine
def test_training_in_float32_has_the_same_losses_within_rounding(found, name):
    # Measured over 8 seeds: 5.3e-7. Where a gradient is only a rounding error, Adam
    # still makes a step of up to 1e-3, the learning rate, and can cross a ReLU's kink.
    assert largest(found, name, "loss", "float32", False) < 1e-4


@each_machine
def test_training_in_float32_with_batch_norm_has_the_same_first_loss(found, name):
    # Measured over 8 seeds: 1.9e-4 in the first epoch. After three epochs 2.3e-3, and
    # 3e-2 in probabilities: nothing is promised there. A nearly constant feature is
    # divided by a standard deviation that is only rounding, for a full step of Adam.
    assert largest(found, name, "loss", "float32", True, epochs=1) < 1e-3


def test_the_machines_differ_in_kernels_and_instructions(found):
    kernels = {name: set(found[name]["kernels"]) for name in MACHINES}
    if kernels["this"] == {""} or not NO_VECTORS["NPY_DISABLE_CPU_FEATURES"]:
        pytest.skip("no OpenBLAS, or no vector instructions to disable")
    assert [kernels[name] for name in KERNELS] == [{name} for name in KERNELS]
    assert found["this"]["instructions"].size > 0
    assert found["no vectors"]["instructions"].size == 0
