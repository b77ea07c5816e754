"""Another BLAS, CPU or number of threads: other bytes, the same within rounding.

That is not promised to the bit. Each machine here is a process of this one with the
kernels of another CPU in OpenBLAS, without the vector instructions of NumPy, or with
two threads; where OpenBLAS is not what NumPy has, only the last two differ.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from machine import CASES, vector_instructions

SEEDS = 1
NO_VECTORS = {"NPY_DISABLE_CPU_FEATURES": " ".join(vector_instructions())}
# Of 2008 and 2011. Not Haswell: OpenBLAS 0.3.34, which NumPy 2.5 has, can crash when
# told to use those elsewhere, on a product of NumPy alone.
KERNELS = ["Nehalem", "Sandybridge"]
MACHINES = {
    "this": {},
    **{name: {"OPENBLAS_CORETYPE": name} for name in KERNELS},
    "no vectors": NO_VECTORS,
    "two threads": {"OPENBLAS_NUM_THREADS": "2"},
}
OTHERS = list(MACHINES)[1:]
# A probability is at most 1, and made by sums of up to 384 products, whose roundings,
# of either sign, come to the square root of that, 20, and there are some layers.
# Measured over 8 seeds: 5.6e-16 and 3.0e-7, 3 of these.
ROUNDING = {dtype: 64 * np.finfo(dtype).eps for dtype in ("float64", "float32")}


def start(name, folder):
    """Start a machine; it writes NAME.npz."""
    words = [folder, folder / f"{name}.npz", SEEDS]
    script = Path(__file__).with_name("machine.py")
    threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    environment = {**os.environ, **threads, **MACHINES[name]}
    command = [sys.executable, str(script), *map(str, words)]
    return subprocess.Popen(command, env=environment)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Give what each machine finds; this one first, whose models the others read."""
    folder = tmp_path_factory.mktemp("machines")
    assert start("this", folder).wait() == 0
    running = [start(name, folder) for name in OTHERS]
    assert [process.wait() for process in running] == [0] * len(OTHERS)
    return {name: dict(np.load(folder / f"{name}.npz")) for name in MACHINES}


def largest(found, name, what, dtype, batch_norm, epochs=None):
    """Return the largest difference from this machine, of losses a relative one."""
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
def test_a_saved_model_predicts_the_same(found, name, dtype, batch_norm):
    assert largest(found, name, "saved", dtype, batch_norm) < ROUNDING[dtype]


@each_machine
@pytest.mark.parametrize("batch_norm", [False, True])
def test_training_in_float64_arrives_at_the_same(found, name, batch_norm):
    # Measured over 8 seeds: 2.5e-13 and 5.1e-13. Rounding, 1e-16, grows from step to
    # step; a kernel that computes something else would be seen from 1e-8 on.
    assert largest(found, name, "loss", "float64", batch_norm) < 1e-10
    assert largest(found, name, "trained", "float64", batch_norm) < 1e-10


@each_machine
def test_training_in_float32_has_the_same_losses(found, name):
    # Measured over 8 seeds: 5.3e-7. Where a gradient is nothing but rounding, Adam
    # makes a step of it, at most learning_rate, 1e-3, and ReLU may bend there.
    assert largest(found, name, "loss", "float32", False) < 1e-4


@each_machine
def test_training_in_float32_with_batch_norm_begins_the_same(found, name):
    # Measured over 8 seeds: 1.9e-4 in the first epoch, after three 2.3e-3, and 3e-2
    # in probabilities: nothing is promised of those. A feature that hardly varies is
    # divided by its spread, which is rounding, and Adam makes full steps of it.
    assert largest(found, name, "loss", "float32", True, epochs=1) < 1e-3


def test_the_machines_are_others(found):
    kernels = {name: set(found[name]["kernels"]) for name in MACHINES}
    if kernels["this"] == {""} or not NO_VECTORS["NPY_DISABLE_CPU_FEATURES"]:
        pytest.skip("no OpenBLAS, or no vector instructions to go without")
    assert [kernels[name] for name in KERNELS] == [{name} for name in KERNELS]
    assert found["this"]["instructions"].size > 0
    assert found["no vectors"]["instructions"].size == 0
