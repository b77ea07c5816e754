"""The interface of the models that can be cross-validated."""

from __future__ import annotations

from typing import Any, Mapping, Protocol, Sequence, runtime_checkable

from npdiffpool.graphs.graph import Graph


class FittedEstimator(Protocol):
    """A fitted estimator: its score after each epoch, and the selected epoch."""

    @property
    def history_(self) -> Sequence[Mapping[str, float]]:
        """One row per epoch, with `validation_loss` and perhaps `validation_accuracy`.

        Without accuracies, as in regression, the score is 1 minus the loss.
        """

    @property
    def best_epoch_(self) -> int:
        """The epoch, counted from 1, whose parameters were kept."""

    def score(self, graphs: Sequence[Graph], labels: Any) -> float:
        """Return the accuracy, or R^2, on these graphs."""


@runtime_checkable
class Estimator(Protocol):
    """A model that can be cross-validated, by scikit-learn's conventions.

    Its class takes the parameters of `get_params` by name. If one of them is `seed`,
    repeated runs differ by it. Folds are stratified by class, unless its class has an
    attribute `kind` other than "classifier".
    """

    def __init__(self, **parameters: Any) -> None:
        """Set the parameters."""

    def fit(
        self, graphs: Sequence[Graph], labels: Any, validation: Any
    ) -> FittedEstimator:
        """Train on graphs, choose an epoch by a validation pair, and return self."""

    def score(self, graphs: Sequence[Graph], labels: Any) -> float:
        """Return the accuracy, or R^2, on these graphs."""

    def get_params(self) -> dict[str, Any]:
        """Return the parameters of the constructor by name."""


@runtime_checkable
class CheckedEstimator(Protocol):
    """A model that can validate its parameters and data before training."""

    def check_parameters(self) -> None:
        """Raise a ValueError if a parameter is unusable with any graphs."""

    def check(self, graphs: Sequence[Graph], labels: Any) -> Any:
        """Raise a ValueError if a parameter, the graphs or the labels are unusable."""
