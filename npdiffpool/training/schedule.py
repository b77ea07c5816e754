"""How long a training is and how large its steps are."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi

from npdiffpool._support.parameters import (
    check_parameters,
    documented,
    parameter,
)

OWN_MONITORS = ("accuracy", "loss")  # any other needs a function
RATES = {  # factor of the learning rate, by the fraction of the epochs that is done
    "constant": lambda done: 1.0,
    "cosine": lambda done: (1 + cos(pi * done)) / 2,
    "step": lambda done: 0.5 ** int(4 * done),
}


@documented
@dataclass(frozen=True)
class Schedule:
    """Length and step sizes of a training.

    Parameters
    ----------
    {parameters}

    Raises
    ------
    ValueError
        If a value is out of range, or `learning_rate` times `weight_decay` is not
        below 1.
    """

    epochs: int = parameter(100, "Passes over the training graphs.", least=1)
    batch_size: int = parameter(20, "Graphs per gradient step.", least=1)
    learning_rate: float = parameter(1e-3, "Step size of Adam.", positive=True)
    clip_norm: float = parameter(2.0, "Maximum norm of the gradient.", positive=True)
    patience: int | None = parameter(
        None, "Stop after this many epochs without a better validation score.", least=1
    )
    monitor: str = parameter(
        "accuracy",
        'Validation score that chooses the epoch: "accuracy" (ties broken by the loss; '
        'the loss for a regressor), "loss", or a score of scikit-learn such as '
        '"roc_auc" or "f1_macro".',
        values="str",
    )
    learning_rate_schedule: str = parameter(
        "constant",
        'Change of the learning rate from epoch to epoch: "constant", "cosine" (from '
        'learning_rate towards 0 along half a cosine) or "step" (halved after each '
        "quarter of the epochs). It runs over all `epochs`, also if `patience` ends "
        "the training before; a warm start begins it again, for its own `epochs`.",
        choices=tuple(RATES),
    )
    weight_decay: float = parameter(
        0.0,
        "Decoupled weight decay of Adam (AdamW, arXiv 1711.05101). Each step also "
        "subtracts learning rate times weight_decay times the weight from the weights "
        "in matrices; biases and batch norm's scale and shift are not decayed. The "
        "product of the learning rate and weight_decay must be below 1.",
    )

    def __post_init__(self) -> None:
        vars(self).update(check_parameters(self))
        if self.learning_rate * self.weight_decay >= 1:
            seen = f"{self.learning_rate:g} and weight_decay {self.weight_decay:g}"
            raise ValueError(
                "learning_rate times weight_decay must be below 1, as a step subtracts "
                f"this share of the weights; got learning_rate {seen}"
            )

    def rate_after(self, done: int, epochs: int) -> float:
        """Return the learning rate of the next epoch.

        Parameters
        ----------
        done : int
            Number of epochs that are done.
        epochs : int
            Number of epochs of the schedule: `self.epochs`, or those of a warm start.

        Returns
        -------
        float

        Examples
        --------
        >>> schedule = Schedule(learning_rate=0.4, learning_rate_schedule="step")
        >>> [schedule.rate_after(done, 8) for done in (0, 1, 2, 4, 7)]
        [0.4, 0.4, 0.2, 0.1, 0.05]
        """
        return self.learning_rate * RATES[self.learning_rate_schedule](done / epochs)
