"""Weight decay, schedules of the learning rate, and dropout in a training."""

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from samples import one_hot_graphs

from npdiffpool import DiffPoolClassifier, GraphBatch
from npdiffpool.engine.autodiff import leaves, to_vector
from npdiffpool.engine.config import Config
from npdiffpool.engine.model import init_model
from npdiffpool.engine.preparation import prepare
from npdiffpool.training import fit as module
from npdiffpool.training.adam import adam_init, adam_step, decay_of
from npdiffpool.training.fit import Labelled, fit
from npdiffpool.training.schedule import RATES, Schedule

ALL = dict(dropout=0.3, weight_decay=0.1, learning_rate_schedule="cosine")
SMALL = dict(hidden=4, n_layers=2, clusters=(3,), batch_size=5, learning_rate=0.01)
GRAPHS, LABELS = one_hot_graphs() * 4, np.arange(12) % 2


def train(config, schedule, rng=0, **options):
    """Train on the graphs; return the result and the generator."""
    batch = prepare(GraphBatch.from_graphs(GRAPHS), config)
    rng = np.random.default_rng(rng)
    return fit(config, schedule, Labelled(batch, LABELS), None, rng, **options), rng


def small(**options):
    return Config(60, 2, hidden=4, n_layers=2, clusters=(3,), **options)


def rates_of(monkeypatch, run):
    """Return the learning rate of each step of a training."""
    seen, step = [], adam_step

    def watch(state, vector, gradient, learning_rate, **options):
        seen.append(learning_rate)
        return step(state, vector, gradient, learning_rate, **options)

    with monkeypatch.context() as patch:
        patch.setattr(module, "adam_step", watch)
        run()
    return seen


# Weight decay


def test_a_first_step_with_decay_is_that_worked_by_hand():
    vector, gradient = np.array([2.0, -4.0]), np.array([5.0, 7.0])
    state, moved = adam_step(adam_init(vector), vector, gradient, 0.1, weight_decay=0.5)
    # 2 - 0.1 - 0.1 * 0.5 * 2, and -4 - 0.1 + 0.1 * 0.5 * 4; epsilon / 5 = 2e-9.
    assert_allclose(moved, [1.8, -3.9], rtol=1e-8)
    assert_allclose(state.mean, [0.5, 0.7], rtol=1e-15)  # decay is not in the moments


def test_weights_are_decayed_and_biases_and_batch_norm_are_not():
    params = init_model(np.random.default_rng(0), small(batch_norm=True))
    decays, start = decay_of(params, 0.25), 0
    assert decays.dtype == "float32"
    for leaf in leaves(params):
        stop = start + leaf.size
        assert_array_equal(decays[start:stop], 0.25 if leaf.ndim == 2 else 0)
        start = stop
    assert len(decays) == start


def test_a_step_may_not_decay_the_weights_to_zero_or_beyond():
    assert Schedule(learning_rate=0.5, weight_decay=1.9).weight_decay == 1.9
    for decay in (2.0, 5.0):
        with pytest.raises(
            ValueError, match=f"below 1.* 0.5 and weight_decay {decay:g}"
        ):
            Schedule(learning_rate=0.5, weight_decay=decay)
    model = DiffPoolClassifier(learning_rate=0.5, weight_decay=2.0)
    with pytest.raises(ValueError, match="learning_rate times weight_decay must be"):
        model.check_parameters()  # as commands do before they load the data


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_step_of_training_subtracts_the_decay(dtype):
    config, rng = small(dtype=dtype), np.random.default_rng(0)
    start = to_vector(init_model(rng, config))
    plain, decayed = (
        to_vector(train(config, Schedule(1, weight_decay=decay))[0].params)
        for decay in (0.0, 3.0)
    )
    assert decayed.dtype == dtype
    expected = -1e-3 * 3 * start * (decay_of(init_model(rng, config), 1.0))
    # The sums are of numbers of up to 1.
    assert_allclose(decayed - plain, expected, rtol=0, atol=4 * np.finfo(dtype).eps)


# The learning rate


def test_the_cosine_falls_from_the_learning_rate_over_its_half_towards_zero():
    rate = Schedule(learning_rate=0.2, learning_rate_schedule="cosine").rate_after
    found = [rate(done, 6) for done in (0, 2, 3, 4, 5)]
    expected = [0.2, 0.15, 0.1, 0.05, 0.1 * (1 - np.sqrt(3) / 2)]
    assert_allclose(found, expected, rtol=1e-12)  # 1 + cos cancels a digit
    assert rate(0, 1) == 0.2


def test_the_step_schedule_halves_the_rate_after_each_quarter():
    rate = Schedule(learning_rate=0.8, learning_rate_schedule="step").rate_after
    assert [rate(done, 8) for done in range(8)] == [
        *(0.8, 0.8, 0.4, 0.4, 0.2, 0.2, 0.1, 0.1)
    ]


def test_a_constant_rate_is_the_learning_rate_itself():
    assert {Schedule().rate_after(done, 7) for done in range(7)} == {1e-3}


@pytest.mark.parametrize("name", RATES)
def test_each_epoch_takes_its_steps_at_the_rate_of_the_schedule(name, monkeypatch):
    schedule = Schedule(4, 5, learning_rate_schedule=name)
    found = rates_of(monkeypatch, partial(train, small(), schedule))
    expected = [schedule.rate_after(done, 4) for done in range(4) for _ in range(3)]
    assert found == expected  # 12 graphs, 5 a step


def test_a_warm_start_begins_the_schedule_again(monkeypatch):
    options = dict(epochs=4, warm_start=True, learning_rate_schedule="step")
    clf = DiffPoolClassifier(**{**SMALL, **options})
    fit_again = partial(clf.fit, GRAPHS, LABELS)
    first, second = (rates_of(monkeypatch, fit_again) for _ in range(2))
    assert first == second == np.repeat([0.01, 0.005, 0.0025, 0.00125], 3).tolist()
    clf.set_params(epochs=2, learning_rate_schedule="constant", dropout=0.5)
    assert rates_of(monkeypatch, fit_again) == [0.01] * 6


# All of them


@pytest.mark.filterwarnings("ignore:the training was never better")
@pytest.mark.parametrize("others", [{}, {"batch_norm": True, "recompute": True}])
@pytest.mark.parametrize("warm_start", [False, True])
def test_a_regularised_training_resumes_with_the_same_bytes(warm_start, others):
    whole, part = (
        DiffPoolClassifier(epochs=3, warm_start=warm_start, **SMALL, **ALL, **others)
        for _ in range(2)
    )
    for model in (whole, part):
        model.fit(GRAPHS, LABELS)
    saved = []
    whole.fit(GRAPHS, LABELS, on_checkpoint=saved.append)
    part.fit(GRAPHS, LABELS, resume=saved[1])
    assert whole.history_ == part.history_
    assert to_vector(whole.params_).tobytes() == to_vector(part.params_).tobytes()


def test_without_dropout_a_training_draws_parameters_and_orders_only():
    config = small()
    _, rng = train(config, Schedule(3))
    expected = np.random.default_rng(0)
    init_model(expected, config)
    for _ in range(3):
        expected.permutation(len(GRAPHS))
    assert rng.bit_generator.state == expected.bit_generator.state


def test_each_step_has_masks_of_its_own(monkeypatch):
    seen, loss = [], module.total_loss

    def watch(*args):
        seen.append(args[-1])
        return loss(*args)

    monkeypatch.setattr(module, "total_loss", watch)
    train(small(dropout=0.3), Schedule(4, batch_size=5))
    assert len(set(seen)) == 12


def test_predictions_of_a_model_do_not_depend_on_dropout():
    clf = DiffPoolClassifier(epochs=2, **SMALL, **ALL).fit(GRAPHS, LABELS)
    found = clf.predict_proba(GRAPHS)
    clf.config_ = Config(**{**vars(clf.config_), "dropout": 0.0})
    assert clf.predict_proba(GRAPHS).tobytes() == found.tobytes()
